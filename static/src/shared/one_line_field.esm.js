import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** A long text on one line of a list; the whole of it when pointed at. */
export class FsmConfirmationOneLine extends Component {
    static template = "fieldservice_job_confirmation.OneLine";
    static props = {...standardFieldProps};

    get text() {
        const value = this.props.record.data[this.props.name];
        return (value && value.display_name) || value || "";
    }
}

registry.category("fields").add("fsm_confirmation_one_line", {
    component: FsmConfirmationOneLine,
    displayName: _t("One Line"),
    supportedTypes: ["text", "char", "many2one"],
    listViewWidth: ({options}) => [options.min || 80, options.max],
});
