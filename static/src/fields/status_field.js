import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

// Colour is never the only sign: every status has an icon and its word as well.
const LOOKS = {
    confirmed: {icon: "fa-check-circle", look: "confirmed"},
    declined: {icon: "fa-calendar-times-o", look: "declined"},
    opted_out: {icon: "fa-ban", look: "opted_out"},
    unrecognized: {icon: "fa-question-circle", look: "unrecognized"},
    reconfirm: {icon: "fa-refresh", look: "reconfirm"},
    moved: {icon: "fa-refresh", look: "reconfirm"},
    awaiting: {icon: "fa-clock-o", look: "awaiting"},
    failed: {icon: "fa-exclamation-triangle", look: "failed"},
    canceled: {icon: "fa-times", look: "quiet"},
    no_answer: {icon: "fa-minus-circle", look: "quiet"},
    not_sent: {icon: "fa-circle-o", look: "quiet"},
};

/** A customer's answer as a coloured mark with icon and word; read only. */
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
        return (LOOKS[this.value] || LOOKS.not_sent).icon;
    }

    get look() {
        return (LOOKS[this.value] || LOOKS.not_sent).look;
    }
}

registry.category("fields").add("fsm_confirmation_status", {
    component: FsmConfirmationStatus,
    displayName: _t("Confirmation Status"),
    supportedTypes: ["selection"],
    listViewWidth: [166, 210],
});

/** A long text on one line of a list; the whole of it when pointed at. */
export class FsmConfirmationShort extends Component {
    static template = "fieldservice_job_confirmation.Short";
    static props = {...standardFieldProps};

    get text() {
        const value = this.props.record.data[this.props.name];
        return (value && value.display_name) || value || "";
    }
}

registry.category("fields").add("fsm_confirmation_short", {
    component: FsmConfirmationShort,
    displayName: _t("One Line"),
    supportedTypes: ["text", "char", "many2one"],
    listViewWidth: ({options}) => [options.min || 80, options.max],
});
