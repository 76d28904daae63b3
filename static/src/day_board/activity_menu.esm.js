import {ActivityMenu} from "@mail/core/web/activity_menu";
import {patch} from "@web/core/utils/patch";

patch(ActivityMenu.prototype, {
    /** Customers to call are on the Day Board, not on a list of lists. */
    executeActivityAction(group, domain, views, context, newWindow) {
        if (group.model !== "fsm.confirmation.call.list") {
            return super.executeActivityAction(...arguments);
        }
        this.action.doAction(
            "fieldservice_job_confirmation.fsm_appointment_action_calls",
            {newWindow, clearBreadcrumbs: true}
        );
    },
});
