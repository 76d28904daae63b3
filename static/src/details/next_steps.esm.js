import {Component, useState} from "@odoo/owl";
import {CHANGED_HERE} from "./conversation.esm";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useDialogAbove} from "../shared/dialog_above.esm";
import {useService} from "@web/core/utils/hooks";

/** What can be done next about a message, as the server says for this user. */
export class FsmConfirmationNextSteps extends Component {
    static template = "fieldservice_job_confirmation.NextSteps";
    static props = {...standardFieldProps, pageOnly: {type: Boolean, optional: true}};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.openAbove = useDialogAbove();
        this.state = useState({busy: false});
    }

    get steps() {
        if (this.props.pageOnly && this.env.inDialog) {
            return [];
        }
        return this.props.record.data[this.props.name] || [];
    }

    async take(step) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            const {resModel, resId} = this.props.record;
            const action = await this.orm.call(resModel, "action_next_step", [
                [resId],
                step.key,
            ]);
            if (action && step.stays) {
                this.openAbove(action, () => this.refresh());
            } else if (action) {
                await this.action.doAction(action);
            }
            // Done, with or without a word about it.
            if (!action || action.type === "ir.actions.client") {
                await this.refresh();
            }
        } finally {
            this.state.busy = false;
        }
    }

    async refresh() {
        const {record} = this.props;
        await record.load();
        record.model.bus.trigger(CHANGED_HERE);
    }
}

registry.category("fields").add("fsm_confirmation_next_steps", {
    component: FsmConfirmationNextSteps,
    displayName: _t("Next Steps"),
    supportedTypes: ["json"],
    extractProps: ({options}) => ({pageOnly: Boolean(options.page_only)}),
});
