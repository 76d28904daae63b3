import {Component, onWillUnmount, xml} from "@odoo/owl";
import {debounce} from "@web/core/utils/timing";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

// Several changes at once (a reply, its delivery report, ...) are one refresh.
const PAUSE = 250;

/**
 * Call a function shortly after messages changed, as Odoo's bus says.
 *
 * @param {Function} refresh
 * @param {Function} [concerns] tells from the bus payload whether it matters here
 */
export function useConfirmationChanges(refresh, concerns = () => true) {
    const bus = useService("bus_service");
    const debounced = debounce(refresh, PAUSE);
    const onChange = (payload) => {
        if (concerns(payload)) {
            debounced();
        }
    };
    bus.subscribe("fsm_confirmation/changed", onChange);
    onWillUnmount(() => {
        debounced.cancel();
        bus.unsubscribe("fsm_confirmation/changed", onChange);
    });
}

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
        if (!record.resId || (await record.isDirty())) {
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
