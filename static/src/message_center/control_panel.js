import {ActionHelper} from "@web/views/action_helper";
import {ControlPanel} from "@web/search/control_panel/control_panel";
import {DateRangeControl} from "./date_range_control";
import {MessageCenterDashboard} from "./dashboard";

/** The control panel of every view of messages. */
export class MessageCenterControlPanel extends ControlPanel {
    static template = "fieldservice_job_confirmation.ControlPanel";
    static components = {
        ...ControlPanel.components,
        DateRangeControl,
        MessageCenterDashboard,
    };
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
