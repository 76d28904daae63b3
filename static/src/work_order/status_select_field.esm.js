import {CheckboxItem} from "@web/core/dropdown/checkbox_item";
import {Component} from "@odoo/owl";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {FsmConfirmationStatus} from "../shared/status_field.esm";
import {_t} from "@web/core/l10n/translation";
import {evaluateBooleanExpr} from "@web/core/py_js/py";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

// What comes by itself, and isn't set by hand.
const BY_ITSELF = ["no_answer"];

/**
 * The confirmation status as a colored mark that opens a list to set it by hand.
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
        this.dialog = useService("dialog");
    }

    get value() {
        return this.props.record.data[this.props.name];
    }

    get options() {
        const {selection} = this.props.record.fields[this.props.name];
        return selection
            .map(([key]) => key)
            .filter((key) => key === this.value || !BY_ITSELF.includes(key));
    }

    /** A record's look-alike that has another status: its mark is drawn the same way. */
    likeWith(value) {
        const {fields} = this.props.record;
        return {data: {[this.props.name]: value}, fields};
    }

    async choose(value) {
        if (value === this.value) {
            return;
        }
        if (value !== "opted_out") {
            await this.save(value);
            return;
        }
        this.dialog.add(ConfirmationDialog, {
            title: _t("Opt the customer out?"),
            body: _t(
                "The customer's number will get no more texts, whatever they are about, until the customer texts START or somebody allows them again."
            ),
            confirmLabel: _t("Opt out"),
            confirm: () => this.save(value),
            cancel: () => undefined,
        });
    }

    async save(value) {
        const {record, name} = this.props;
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
