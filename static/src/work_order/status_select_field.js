import {Component} from "@odoo/owl";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {CheckboxItem} from "@web/core/dropdown/checkbox_item";
import {FsmConfirmationStatus} from "../shared/status_field";
import {_t} from "@web/core/l10n/translation";
import {evaluateBooleanExpr} from "@web/core/py_js/py";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/**
 * The confirmation status as a coloured mark that opens a list to set it by hand.
 *
 * It saves at once. Whoever may set responses but not change Work Orders can use it
 * as well: the server decides, whatever the form's own state is.
 */
export class FsmConfirmationStatusSelect extends Component {
    static template = "fieldservice_job_confirmation.StatusSelect";
    static components = {Dropdown, CheckboxItem, FsmConfirmationStatus};
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    get options() {
        return this.props.record.fields[this.props.name].selection.map(([key]) => key);
    }

    /** A record's look-alike that has another status: its mark is drawn the same way. */
    likeWith(value) {
        const {fields} = this.props.record;
        return {data: {[this.props.name]: value}, fields};
    }

    async choose(value) {
        const {record, name} = this.props;
        if (value === this.value) {
            return;
        }
        if (record.isInEdition && record === record.model.root) {
            await record.update({[name]: value}, {save: true});
        } else {
            await this.orm.write(record.resModel, [record.resId], {[name]: value});
            await record.load();
        }
    }
}

registry.category("fields").add("fsm_confirmation_status_select", {
    component: FsmConfirmationStatusSelect,
    displayName: _t("Editable Confirmation Status"),
    supportedTypes: ["selection"],
    // Only what the view says of this field, not whether the form can be edited.
    extractProps: (fieldInfo) => ({
        readonly: evaluateBooleanExpr(fieldInfo.readonly, {}),
    }),
});
