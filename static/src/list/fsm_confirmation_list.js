import {kanbanView} from "@web/views/kanban/kanban_view";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {ListController} from "@web/views/list/list_controller";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {useConfirmationChanges} from "../widgets/live_update";
import {useService} from "@web/core/utils/hooks";

/**
 * What list and kanban of the Message Center share: they read themselves again when
 * a message changes, and open a message in a dialog.
 */
const messageCenter = (Controller) =>
    class extends Controller {
        setup() {
            super.setup();
            this.messageAction = useService("action");
            useConfirmationChanges(() => this.model.load());
        }

        /** @override */
        async openRecord(record) {
            const action = await this.model.orm.call(
                "fsm.confirmation",
                "action_open_details",
                [[record.resId]]
            );
            await this.messageAction.doAction(action);
        }
    };

registry.category("views").add("fsm_confirmation_list", {
    ...listView,
    Controller: messageCenter(ListController),
});

registry.category("views").add("fsm_confirmation_kanban", {
    ...kanbanView,
    Controller: messageCenter(KanbanController),
});
