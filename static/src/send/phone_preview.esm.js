import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** The e-mail as the customer will read it: its subject, and the letter below. */
export class FsmConfirmationEmail extends Component {
    static template = "fieldservice_job_confirmation.Email";
    static props = {...standardFieldProps};

    get body() {
        return this.props.record.data[this.props.name];
    }

    get subject() {
        return this.props.record.data.email_subject || "";
    }

    get address() {
        return this.props.record.data.email || "";
    }
}

registry.category("fields").add("fsm_confirmation_email", {
    component: FsmConfirmationEmail,
    displayName: _t("E-mail Preview"),
    supportedTypes: ["html"],
    fieldDependencies: [
        {name: "email_subject", type: "char", readonly: true},
        {name: "email", type: "char", readonly: true},
    ],
});

/** The text as the customer's phone will show it, with its sender above. */
export class FsmConfirmationPhone extends Component {
    static template = "fieldservice_job_confirmation.Phone";
    static props = {...standardFieldProps};

    get text() {
        return this.props.record.data[this.props.name] || "";
    }

    get sender() {
        return this.props.record.data.sender_display || "";
    }

    get size() {
        return this.props.record.data.segment_info || "";
    }
}

registry.category("fields").add("fsm_confirmation_phone", {
    component: FsmConfirmationPhone,
    displayName: _t("Phone Preview"),
    supportedTypes: ["text"],
    fieldDependencies: [
        {name: "sender_display", type: "char", readonly: true},
        {name: "segment_info", type: "char", readonly: true},
    ],
});
