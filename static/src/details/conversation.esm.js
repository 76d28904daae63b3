import {
    Component,
    onMounted,
    onPatched,
    onWillStart,
    onWillUnmount,
    onWillUpdateProps,
    useRef,
    useState,
} from "@odoo/owl";
import {STATUS_LOOKS} from "../shared/status_looks.esm";
import {_t} from "@web/core/l10n/translation";
import {deserializeDateTime} from "@web/core/l10n/dates";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useConfirmationChanges} from "../shared/live_update.esm";
import {useService} from "@web/core/utils/hooks";

const PAGE = 40;
// What a dialog above this one changed; said on the form's own bus.
export const CHANGED_HERE = "fsm_confirmation:changed-here";

// Every state has its own icon and its word: color is never the only sign.
const TICKS = {
    outgoing: "fa-clock-o",
    sending: "fa-paper-plane-o",
    sent: "fa-check",
    delivered: "fa-check",
    failed: "fa-exclamation-triangle",
    canceled: "fa-times",
};
const INTENTS = {
    confirm: STATUS_LOOKS.confirmed,
    decline: STATUS_LOOKS.declined,
    answers: {icon: "fa-list-ul", look: "awaiting"},
    opt_out: STATUS_LOOKS.opted_out,
    opt_in: {icon: "fa-unlock", look: "awaiting"},
    help: {icon: "fa-life-ring", look: "awaiting"},
    chosen: {icon: "fa-calendar-check-o", look: "awaiting"},
    unrecognized: STATUS_LOOKS.unrecognized,
};

/**
 * The events of a conversation as rows, with a line where a new day begins.
 *
 * @param {Object[]} events as the server gives them, oldest first
 * @returns {Object[]} rows: {kind: "day", key, text} or an event with its local time
 */
export function conversationRows(events) {
    const rows = [];
    let lastDay = "";
    for (const event of events) {
        const date = deserializeDateTime(event.date);
        const day = date.toISODate();
        if (day !== lastDay) {
            const format = {weekday: "long", month: "long", day: "numeric"};
            if (date.year !== luxon.DateTime.local().year) {
                format.year = "numeric";
            }
            rows.push({
                kind: "day",
                key: `day-${day}-${event.key}`,
                text: date.toLocaleString(format),
            });
            lastDay = day;
        }
        rows.push({
            ...event,
            time: date.toLocaleString(luxon.DateTime.TIME_SIMPLE),
            datetime: date.toLocaleString(luxon.DateTime.DATETIME_MED),
        });
    }
    return rows;
}

/** What was said, as bubbles in time: our texts right, the customer's words left. */
export class FsmConfirmationConversation extends Component {
    static template = "fieldservice_job_confirmation.Conversation";
    static props = {...standardWidgetProps};

    setup() {
        this.orm = useService("orm");
        this.scroller = useRef("scroller");
        this.state = useState({rows: [], hasEarlier: false, loaded: false});
        this.limit = PAGE;
        this.stick = true;
        onWillStart(() => this.load(this.props.record.resId));
        onWillUpdateProps(async (props) => {
            if (props.record.resId !== this.props.record.resId) {
                this.limit = PAGE;
                this.stick = true;
                await this.load(props.record.resId);
            }
        });
        useConfirmationChanges(
            () => this.load(),
            (payload) =>
                payload.ids.includes(this.props.record.resId) ||
                payload.ids.some((id) => this.shown.has(id)) ||
                payload.ids.includes(0)
        );
        const {bus} = this.props.record.model;
        const onChanged = () => this.load();
        bus.addEventListener(CHANGED_HERE, onChanged);
        onWillUnmount(() => bus.removeEventListener(CHANGED_HERE, onChanged));
        onMounted(() => this.showNewest());
        onPatched(() => this.showNewest());
    }

    /** Ids of all messages in this conversation. */
    get shown() {
        return new Set(
            this.state.rows
                .filter((row) => row.kind === "sent")
                .map((row) => Number(row.key.split("-")[1]))
        );
    }

    async load(resId = this.props.record.resId) {
        if (!resId) {
            return;
        }
        const {events, has_earlier: hasEarlier} = await this.orm.call(
            this.props.record.resModel,
            "get_conversation",
            [[resId]],
            {limit: this.limit}
        );
        // Whoever reads further up is not thrown down by something new.
        const el = this.scroller.el;
        this.stick =
            this.stick ||
            Boolean(el && el.scrollHeight - el.scrollTop - el.clientHeight < 40);
        Object.assign(this.state, {
            rows: conversationRows(events),
            hasEarlier,
            loaded: true,
        });
    }

    async showEarlier() {
        const el = this.scroller.el;
        const fromEnd = el ? el.scrollHeight - el.scrollTop : 0;
        this.limit += PAGE;
        this.stick = false;
        this.keepFromEnd = fromEnd;
        await this.load();
        this.stick = false;
    }

    showNewest() {
        const el = this.scroller.el;
        if (!el) {
            return;
        }
        if (this.stick) {
            el.scrollTop = el.scrollHeight;
            this.stick = false;
        } else if (this.keepFromEnd) {
            el.scrollTop = el.scrollHeight - this.keepFromEnd;
            this.keepFromEnd = 0;
        }
    }

    tickIcon(row) {
        return TICKS[row.state] || TICKS.outgoing;
    }

    intent(row) {
        return INTENTS[row.intent] || {icon: "fa-hourglass-o", look: "awaiting"};
    }

    intentLabel(row) {
        return row.intent_label || _t("Not processed yet");
    }
}

registry.category("view_widgets").add("fsm_confirmation_conversation", {
    component: FsmConfirmationConversation,
    fieldDependencies: [],
});
