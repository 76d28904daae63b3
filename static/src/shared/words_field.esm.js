import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** A text as it was written: lines kept, either direction of writing, never HTML. */
export class FsmConfirmationWords extends Component {
    static template = "fieldservice_job_confirmation.Words";
    static props = {...standardFieldProps};

    get text() {
        return this.props.record.data[this.props.name] || "";
    }
}

registry.category("fields").add("fsm_confirmation_words", {
    component: FsmConfirmationWords,
    displayName: _t("Text Message"),
    supportedTypes: ["text", "char"],
});
