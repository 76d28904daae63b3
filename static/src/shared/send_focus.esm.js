import {Component, onMounted, useRef, xml} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/**
 * Puts the focus of a dialog that is filled in already on its first button. On a date it
 * would open the calendar over the other fields.
 */
export class FsmConfirmationSendFocus extends Component {
    static template = xml`<span class="visually-hidden" tabindex="-1" t-ref="root"/>`;
    static props = {...standardWidgetProps};

    setup() {
        const root = useRef("root");
        onMounted(() => {
            // Odoo looks for a place for the focus now, and adds the buttons later.
            root.el.focus();
            setTimeout(() => {
                const dialog = root.el?.closest(".modal");
                dialog?.querySelector("footer .btn-primary")?.focus();
            });
        });
    }
}

registry.category("view_widgets").add("fsm_confirmation_send_focus", {
    component: FsmConfirmationSendFocus,
});
