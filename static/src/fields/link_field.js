import {CharField, charField} from "@web/views/fields/char/char_field";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

/** A text that opens something: the record's method in the option "action". */
export class FsmConfirmationLink extends CharField {
    static template = "fieldservice_job_confirmation.Link";
    static props = {...CharField.props, action: {type: String}};

    setup() {
        super.setup();
        this.action = useService("action");
        this.orm = useService("orm");
    }

    async open(ev) {
        ev.preventDefault();
        ev.stopPropagation();
        const {resModel, resId} = this.props.record;
        const action = await this.orm.call(resModel, this.props.action, [[resId]]);
        await this.action.doAction(action);
    }
}

registry.category("fields").add("fsm_confirmation_link", {
    ...charField,
    component: FsmConfirmationLink,
    extractProps: (fieldInfo, dynamicInfo) => ({
        ...charField.extractProps(fieldInfo, dynamicInfo),
        action: fieldInfo.options.action,
    }),
});
