import {Component} from "@odoo/owl";
import {dateTimeField} from "@web/views/fields/datetime/datetime_field";
import {getAppointmentWidth} from "../message_center/list_fields.esm";
import {registry} from "@web/core/registry";

const LOCAL = "appointment_local";

/** When an appointment is: by the clock of its place, named where the user's differs. */
export class FsmAppointmentDateTime extends Component {
    static template = "fieldservice_job_confirmation.AppointmentDateTime";
    static components = {DateTimeField: dateTimeField.component};
    static props = {...dateTimeField.component.props};
    static defaultProps = {...dateTimeField.component.defaultProps};

    get local() {
        return this.props.record.data[LOCAL];
    }
}

registry.category("fields").add("fsm_appointment_datetime", {
    ...dateTimeField,
    component: FsmAppointmentDateTime,
    fieldDependencies: [{name: LOCAL, type: "char"}],
    listViewWidth: getAppointmentWidth,
});
