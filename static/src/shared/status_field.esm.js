import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {STATUS_LOOKS, getShownStatus, getStatusLook} from "./status_looks.esm";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

// What failed or was not sent is the status itself.
const DELIVERY = {
    outgoing: "fa-hourglass-o",
    sending: "fa-paper-plane-o",
    sent: "fa-check",
    delivered: "fa-check-square-o",
};

/** A status as a colored mark with icon and word; read only. */
export class FsmConfirmationStatus extends Component {
    static template = "fieldservice_job_confirmation.Status";
    static props = {...standardFieldProps, delivery: {type: Boolean, optional: true}};

    get value() {
        return this.props.record.data[this.props.name];
    }

    /** Of STATUS_LOOKS. */
    get shown() {
        return getShownStatus(this.props.record.data, this.value);
    }

    get label() {
        if (this.shown !== this.value) {
            return STATUS_LOOKS[this.shown].short;
        }
        const {selection} = this.props.record.fields[this.props.name];
        return (selection.find(([key]) => key === this.value) || ["", ""])[1];
    }

    /** Whether the customer wrote something later that a person should read. */
    get needsReading() {
        return Boolean(this.props.record.data.needs_reading);
    }

    /** How far the text got, where no column of its own tells it. */
    get delivery() {
        const {data, fields} = this.props.record;
        // Of a text that asks nothing, the mark itself tells it.
        if (
            !this.props.delivery ||
            !(data.state in DELIVERY) ||
            this.value in DELIVERY
        ) {
            return null;
        }
        const [, label] = fields.state.selection.find(([key]) => key === data.state);
        return {icon: DELIVERY[data.state], label};
    }

    get look() {
        return getStatusLook(this.shown);
    }
}

registry.category("fields").add("fsm_confirmation_status", {
    component: FsmConfirmationStatus,
    displayName: _t("Confirmation Status"),
    supportedTypes: ["selection"],
    extractProps: ({options}) => ({delivery: Boolean(options.delivery)}),
    listViewWidth: ({options}) => (options.delivery ? [186, 210] : [166, 210]),
});

/** Whether a contact opted out of texts; when and how, when pointed at. */
export class FsmConfirmationOptOut extends Component {
    static template = "fieldservice_job_confirmation.OptOut";
    static props = {...standardFieldProps};

    get text() {
        return this.props.record.data[this.props.name];
    }
}

registry.category("fields").add("fsm_confirmation_opt_out", {
    component: FsmConfirmationOptOut,
    displayName: _t("Opted Out of Texts"),
    supportedTypes: ["char"],
});
