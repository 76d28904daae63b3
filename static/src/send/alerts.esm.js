import {Component, onMounted, useRef, useState} from "@odoo/owl";
import {isGone, useConfirmationChanges} from "../shared/live_update.esm";
import {_t} from "@web/core/l10n/translation";
import {hasTouch} from "@web/core/browser/feature_detection";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useDialogAbove} from "../shared/dialog_above.esm";
import {useService} from "@web/core/utils/hooks";

// What the screen does by itself: the fields that an action leads to.
const FIELD_OF_ACTION = {choose_contact: "partner_id", choose_visit: "visit_id"};

/**
 * What stands in the way of sending, each with its actions as buttons.
 *
 * It also puts the focus where the next key is of use: on Send when the text is ready,
 * else on the contact. And it looks again when somebody else texts this customer, or the
 * customer answers, while the dialog is open.
 */
export class FsmConfirmationAlerts extends Component {
    static template = "fieldservice_job_confirmation.Alerts";
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.openAbove = useDialogAbove();
        this.root = useRef("root");
        this.state = useState({busy: false});
        onMounted(() => setTimeout(() => this.focusSensibly()));
        useConfirmationChanges(
            () => this.noticeChange(),
            (payload) => this.concerns(payload)
        );
    }

    get alerts() {
        return this.props.record.data[this.props.name] || [];
    }

    get isBlocked() {
        return this.alerts.some((alert) => alert.level === "block");
    }

    get dialogElement() {
        return this.root.el?.closest(".modal") || this.root.el?.closest(".o_form_view");
    }

    focusSensibly() {
        const send = this.dialogElement?.querySelector("button[name=action_send]");
        if (send) {
            send.focus();
        } else if (!hasTouch()) {
            // On a phone the keyboard would cover what the dialog says.
            this.findInput("partner_id")?.focus();
        }
    }

    findInput(fieldName) {
        return this.dialogElement?.querySelector(
            `[name=${fieldName}] input, [name=${fieldName}] .o_select_menu_toggler`
        );
    }

    async resolve(key) {
        const fieldName = FIELD_OF_ACTION[key];
        if (fieldName) {
            const input = this.findInput(fieldName);
            input?.focus();
            input?.click();
            return;
        }
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            const {record} = this.props;
            if (!(await this.saveDialog())) {
                return;
            }
            const action = await this.orm.call(
                record.resModel,
                "action_resolve_alert",
                [[record.resId], key]
            );
            if (!action) {
                // It is done already.
                await this.lookAgain();
            } else if (action.target === "new") {
                this.openAbove(action, () => this.lookAgain());
            } else {
                await this.action.doAction(action);
            }
        } finally {
            this.state.busy = false;
        }
    }

    /** @returns {Boolean} whether the server knows what is chosen in the dialog */
    async saveDialog() {
        const {record} = this.props;
        return record.resId && !record.dirty ? true : record.save();
    }

    /** Whether a change, as the bus tells it, is about this order or this contact. */
    concerns({order_ids: orders = [], partner_ids: partners = []}) {
        const {order_id: order, partner_id: partner} = this.props.record.data;
        return orders.includes(order?.id) || partners.includes(partner?.id);
    }

    async noticeChange() {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            // It may have been closed meanwhile: its own Send is such a change.
            if ((await this.saveDialog()) && !isGone(this)) {
                await this.readAgain();
            }
        } finally {
            this.state.busy = false;
        }
        if (!isGone(this) && !this.dialogElement?.contains(document.activeElement)) {
            this.focusSensibly();
        }
    }

    async lookAgain() {
        await this.readAgain();
        setTimeout(() => this.focusSensibly());
    }

    async readAgain() {
        const {record} = this.props;
        await this.orm.call(record.resModel, "action_refresh", [[record.resId]]);
        if (!isGone(this)) {
            await record.load();
        }
    }
}

registry.category("fields").add("fsm_confirmation_alerts", {
    component: FsmConfirmationAlerts,
    displayName: _t("Alerts"),
    supportedTypes: ["json"],
});
