import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/** In a dialog: the message before this one in the list, and the one after it. */
export class FsmConfirmationPager extends Component {
    static template = "fieldservice_job_confirmation.Pager";
    static props = {...standardWidgetProps};

    get ids() {
        return this.props.record.resIds || [];
    }

    get position() {
        return this.ids.indexOf(this.props.record.resId);
    }

    get isShown() {
        return Boolean(this.env.inDialog) && this.ids.length > 1;
    }

    async turn(step) {
        const resId = this.ids[this.position + step];
        if (resId) {
            await this.props.record.model.load({resId});
        }
    }
}

registry.category("view_widgets").add("fsm_confirmation_pager", {
    component: FsmConfirmationPager,
});
