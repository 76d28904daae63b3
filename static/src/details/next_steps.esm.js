import {Component, useState} from "@odoo/owl";
import {CHANGED_HERE} from "./conversation.esm";
import {_t} from "@web/core/l10n/translation";
import {isDone, takeStep} from "../shared/next_step.esm";
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

    take(step) {
        return takeStep(this, step, async (action) => {
            if (action && step.stays) {
                this.openAbove(action, () => this.refresh());
            } else if (action) {
                await this.action.doAction(action);
            }
            if (isDone(action)) {
                await this.refresh();
            }
        });
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
