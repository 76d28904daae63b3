import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {getStatusLook} from "./status_looks";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** A status as a colored mark with icon and word; read only. */
export class FsmConfirmationStatus extends Component {
    static template = "fieldservice_job_confirmation.Status";
    static props = {...standardFieldProps};

    get value() {
        return this.props.record.data[this.props.name];
    }

    get label() {
        const {selection} = this.props.record.fields[this.props.name];
        return (selection.find(([key]) => key === this.value) || ["", ""])[1];
    }

    /** Whether the customer wrote something later that a person should read. */
    get needsReading() {
        return Boolean(this.props.record.data.needs_reading);
    }

    get icon() {
        return getStatusLook(this.value).icon;
    }

    get look() {
        return getStatusLook(this.value).look;
    }
}

registry.category("fields").add("fsm_confirmation_status", {
    component: FsmConfirmationStatus,
    displayName: _t("Confirmation Status"),
    supportedTypes: ["selection"],
    listViewWidth: [166, 210],
});
