import {ActionHelper} from "@web/views/action_helper";
import {ControlPanel} from "@web/search/control_panel/control_panel";
import {DateRangeControl} from "./date_range_control.esm";
import {MessageCenterDashboard} from "./dashboard.esm";
import {useExternalListener} from "@odoo/owl";

/** The control panel of every view of messages. */
export class MessageCenterControlPanel extends ControlPanel {
    static template = "fieldservice_job_confirmation.ControlPanel";
    static components = {
        ...ControlPanel.components,
        DateRangeControl,
        MessageCenterDashboard,
    };

    setup() {
        super.setup();
        useExternalListener(window, "keydown", this.letTabLeave, {capture: true});
    }

    /**
     * Odoo keeps the focus in its search bar when Tab is pressed. With nothing typed
     * there it goes on to the tiles and dates, as on any page.
     */
    letTabLeave(ev) {
        const {key, target} = ev;
        if (
            key === "Tab" &&
            target.classList.contains("o_searchview_input") &&
            !target.value
        ) {
            ev.stopPropagation();
        }
    }
}

/** Where nothing is shown: because of the search, or because nothing was sent yet. */
export class MessageCenterHelper extends ActionHelper {
    static template = "fieldservice_job_confirmation.Helper";

    get isNarrowed() {
        return this.env.searchModel.isNarrowed;
    }

    clear() {
        this.env.searchModel.clearFilters();
    }
}
