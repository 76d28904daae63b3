import {CharField, charField} from "@web/views/fields/char/char_field";
import {registry} from "@web/core/registry";
import {withNeighbors} from "./neighbors.esm";

/** A text that opens something: the record's method in the option "action". */
export class FsmConfirmationLink extends CharField {
    static template = "fieldservice_job_confirmation.Link";
    static props = {
        ...CharField.props,
        action: {type: String},
        model: {type: String, optional: true},
        idField: {type: String, optional: true},
    };

    /** Where it is found in another tab. */
    get href() {
        const {data, resModel, resId} = this.props.record;
        const {model, idField} = this.props;
        const id = idField ? data[idField]?.id : resId;
        return id ? `/odoo/${model || resModel}/${id}` : "#";
    }

    async open(ev) {
        ev.stopPropagation();
        // The browser opens it in another tab or window.
        if (ev.button || ev.ctrlKey || ev.metaKey || ev.shiftKey) {
            return;
        }
        ev.preventDefault();
        const {record} = this.props;
        const {resModel, resId} = record;
        // Not by useService: a list that updates itself meanwhile replaces this link,
        // and what a component waits for is dropped with it. The click would be lost.
        const {action, orm} = this.env.services;
        const description = await orm.call(resModel, this.props.action, [[resId]]);
        await action.doAction(description, withNeighbors(description, record));
    }
}

registry.category("fields").add("fsm_confirmation_link", {
    ...charField,
    component: FsmConfirmationLink,
    extractProps: (fieldInfo, dynamicInfo) => ({
        ...charField.extractProps(fieldInfo, dynamicInfo),
        action: fieldInfo.options.action,
        model: fieldInfo.options.model,
        idField: fieldInfo.options.id_field,
    }),
    // With room for a longer heading in other languages.
    listViewWidth: ({options}) => [options.min || 84, 150],
});
