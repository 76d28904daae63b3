import {Component, onWillDestroy, status, xml} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

// Several changes at once (a reply, its delivery report, ...) are one refresh, and
// while hundreds of texts are being sent there is one refresh in so many milliseconds.
const PAUSE = 250;
const LEAST = 2000;

/**
 * Call a function shortly after messages changed, as Odoo's bus says; also when the
 * connection comes back, because changes may have been missed meanwhile. Never for a
 * component that is gone: a screen may be left before it was ever shown.
 *
 * @param {Function} refresh
 * @param {Function} [concerns] tells from the bus payload whether it matters here
 */
export function useConfirmationChanges(refresh, concerns = () => true) {
    const bus = useService("bus_service");
    let timer = null;
    let last = 0;
    const plan = () => {
        if (timer) {
            return;
        }
        const pause = Math.max(PAUSE, last + LEAST - Date.now());
        timer = browser.setTimeout(() => {
            timer = null;
            last = Date.now();
            refresh();
        }, pause);
    };
    const onChange = (payload) => {
        if (concerns(payload)) {
            plan();
        }
    };
    bus.subscribe("fsm_confirmation/changed", onChange);
    bus.addEventListener("BUS:RECONNECT", plan);
    // Not when it is unmounted: what was never mounted is not unmounted either.
    onWillDestroy(() => {
        browser.clearTimeout(timer);
        bus.unsubscribe("fsm_confirmation/changed", onChange);
        bus.removeEventListener("BUS:RECONNECT", plan);
    });
}

/** Whether a screen was left meanwhile: Odoo lets such a one read nothing any more. */
export const isGone = (component) => status(component) === "destroyed";

const PAYLOAD_KEY = {
    "fsm.confirmation": "ids",
    "fsm.order": "order_ids",
    "res.partner": "partner_ids",
};

/** Reads a form again when its messages changed, unless somebody is typing in it. */
export class FsmConfirmationLive extends Component {
    static template = xml`<div class="d-none"/>`;
    static props = {...standardWidgetProps};

    setup() {
        useConfirmationChanges(
            () => this.refresh(),
            (payload) => this.concerns(payload)
        );
    }

    concerns(payload) {
        const {resModel, resId} = this.props.record;
        return (payload[PAYLOAD_KEY[resModel]] || []).includes(resId);
    }

    async refresh() {
        const {record} = this.props;
        if (!record.resId || (await record.isDirty()) || isGone(this)) {
            return;
        }
        await record.model.root.load();
        // The form fetches new notes only; delivery states change in older ones.
        const store = this.env.services["mail.store"];
        const thread = store?.Thread.get({model: record.resModel, id: record.resId});
        if (thread?.isLoaded) {
            await thread.fetchMessages();
        }
    }
}

registry.category("view_widgets").add("fsm_confirmation_live", {
    component: FsmConfirmationLive,
});
