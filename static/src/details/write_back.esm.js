import {Component, onWillStart, onWillUpdateProps, useState} from "@odoo/owl";
import {useAutofocus, useService} from "@web/core/utils/hooks";
import {CHANGED_HERE} from "./conversation.esm";
import {_t} from "@web/core/l10n/translation";
import {isMobileOS} from "@web/core/browser/feature_detection";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useDebounced} from "@web/core/utils/timing";

const MAX_TEXT = 1600;
const PAUSE = 300;
const NOTHING = {text: "", size: "", now: false, reason: ""};

/** Where staff write to the customer below the conversation; only with Edit. It stands on
 * a message, and on a reply that belongs to none. */
export class FsmConfirmationWriteBack extends Component {
    static template = "fieldservice_job_confirmation.WriteBack";
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.state = useState({
            info: {may_write: false},
            busy: false,
            ...NOTHING,
        });
        this.showSize = useDebounced(() => this.loadSize(), PAUSE);
        this.maxLength = MAX_TEXT;
        if (this.props.record.context.confirmation_write_back) {
            useAutofocus({refName: "text"});
        }
        onWillStart(() => this.load(this.props.record.resId));
        onWillUpdateProps(async (props) => {
            if (props.record.resId !== this.props.record.resId) {
                Object.assign(this.state, NOTHING);
                await this.load(props.record.resId);
            }
        });
    }

    get placeholder() {
        return _t("Write to %s", this.state.info.to);
    }

    get hint() {
        return isMobileOS() ? "" : _t("Enter sends, Shift+Enter starts a new line");
    }

    /** Why it leaves outside the texting hours, "" when it may wait for them. */
    get reason() {
        const {info, now, reason} = this.state;
        return info.departure && now ? reason.trim() : "";
    }

    get canSend() {
        const {info, text, busy, now} = this.state;
        const saysWhy = !info.departure || !now || this.reason;
        return !busy && !info.blocked && Boolean(text.trim()) && Boolean(saysWhy);
    }

    call(method, ...args) {
        const {resModel, resId} = this.props.record;
        return this.orm.call(resModel, method, [[resId], ...args]);
    }

    async load(resId) {
        if (resId) {
            const {resModel} = this.props.record;
            this.state.info = await this.orm.call(resModel, "get_write_back", [
                [resId],
            ]);
        }
    }

    async loadSize() {
        const {text} = this.state;
        const size = text.trim()
            ? await this.orm.call("fsm.confirmation", "get_text_size", [text])
            : "";
        // What was typed meanwhile is shown next.
        if (text === this.state.text) {
            this.state.size = size;
        }
    }

    onInput() {
        this.showSize();
    }

    async choose(ev) {
        const id = Number(ev.target.value);
        ev.target.value = "";
        if (id) {
            this.state.text = await this.call("get_prepared_text", id);
            await this.loadSize();
        }
    }

    onKeydown(ev) {
        if (ev.key !== "Enter" || ev.shiftKey || ev.isComposing) {
            return;
        }
        const isAsked = ev.ctrlKey || ev.metaKey;
        if (isAsked || !isMobileOS()) {
            ev.preventDefault();
            ev.stopPropagation();
            this.send();
        }
    }

    async send() {
        if (!this.canSend) {
            return;
        }
        this.state.busy = true;
        try {
            const {text, info} = this.state;
            const {reason} = this;
            await this.call("action_write_back", text, reason);
            Object.assign(this.state, NOTHING);
            const {record} = this.props;
            await record.load();
            record.model.bus.trigger(CHANGED_HERE);
            const left = reason || !info.departure;
            this.notification.add(
                left ? _t("The text is on its way.") : info.departure,
                {
                    type: left ? "success" : "info",
                }
            );
        } finally {
            this.state.busy = false;
            await this.load(this.props.record.resId);
        }
    }
}

registry.category("view_widgets").add("fsm_confirmation_write_back", {
    component: FsmConfirmationWriteBack,
    fieldDependencies: [],
});
