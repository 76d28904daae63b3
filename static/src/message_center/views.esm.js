import {MessageCenterControlPanel, MessageCenterHelper} from "./control_panel.esm";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {ListController} from "@web/views/list/list_controller";
import {ListRenderer} from "@web/views/list/list_renderer";
import {SearchModel} from "@web/search/search_model";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {messageCenterSearch} from "./search_model.esm";
import {registry} from "@web/core/registry";
import {useConfirmationChanges} from "../shared/live_update.esm";
import {useEffect} from "@odoo/owl";
import {useService} from "@web/core/utils/hooks";
import {withNeighbors} from "../shared/neighbors.esm";

function sameDomain(one, other) {
    return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * What list and kanban of the Message Center share: they read themselves again when
 * a message changes, and open a message in a dialog.
 *
 * @param {Function} Controller
 * @param {String} [open] the method that tells what opens a record
 * @returns {Function}
 */
export const messageCenter = (Controller, open = "action_open_details") =>
    class extends Controller {
        setup() {
            super.setup();
            this.messageAction = useService("action");
            this.isOutdated = false;
            useConfirmationChanges(() => this.refreshMessages());
            useEffect(
                (hasSelection) => {
                    if (!hasSelection && this.isOutdated) {
                        this.refreshMessages();
                    }
                },
                () => [this.hasSelection]
            );
        }

        get hasSelection() {
            const {root} = this.model;
            return Boolean(root.isDomainSelected || root.selection?.length);
        }

        /** Read the page again; not under the hands of somebody who selects rows. */
        async refreshMessages() {
            this.isOutdated = this.hasSelection;
            if (this.isOutdated || !this.model.isReady) {
                return;
            }
            const {context, domain, groupBy} = this.props;
            const {config} = this.model;
            const isShown =
                sameDomain(config.domain, domain) &&
                String(config.groupBy) === String(groupBy);
            // Otherwise somebody searched or grouped, and the answer is still to come.
            await this.model.load(isShown ? {} : {context, domain, groupBy});
        }

        /** @override */
        async openRecord(record) {
            if (this.env.inDialog) {
                // A message is being chosen for something else.
                return super.openRecord(...arguments);
            }
            const action = await this.model.orm.call(record.resModel, open, [
                [record.resId],
            ]);
            await this.messageAction.doAction(action, withNeighbors(action, record));
        }
    };

export const withHelper = (Renderer) =>
    class extends Renderer {
        static components = {...Renderer.components, ActionHelper: MessageCenterHelper};
    };

/** A list whose rows can be selected when something can be done with several. */
export const selectable = (Controller) =>
    class extends Controller {
        static template = "fieldservice_job_confirmation.ListView";

        get canSelect() {
            const {headerButtons} = this.archInfo;
            const {action, print = []} = this.actionMenuItems;
            return (
                headerButtons.some(({display}) => display !== "always") ||
                Boolean(this.props.info.actionMenus && [...action, ...print].length)
            );
        }
    };

/** Days in the order of the list: the newest first. */
class MessageCenterListModel extends listView.Model {
    /** @override */
    _webReadGroup(config, ...others) {
        const name = config.groupBy[0].split(":")[0];
        const sorted = config.orderBy.some((order) => order.name === name);
        const orderBy =
            name === "sent_date" && !sorted
                ? [{name: config.groupBy[0], asc: false}, ...config.orderBy]
                : config.orderBy;
        return super._webReadGroup({...config, orderBy}, ...others);
    }
}

registry.category("views").add("fsm_confirmation_list", {
    ...listView,
    Model: MessageCenterListModel,
    ControlPanel: MessageCenterControlPanel,
    Controller: selectable(messageCenter(ListController)),
    Renderer: withHelper(ListRenderer),
    SearchModel: messageCenterSearch(SearchModel),
});

registry.category("views").add("fsm_confirmation_kanban", {
    ...kanbanView,
    ControlPanel: MessageCenterControlPanel,
    Controller: messageCenter(KanbanController),
    Renderer: withHelper(KanbanRenderer),
    SearchModel: messageCenterSearch(SearchModel),
});

/** Replies are read again as they come. */
registry.category("views").add("fsm_confirmation_reply_list", {
    ...listView,
    Controller: class extends selectable(ListController) {
        setup() {
            super.setup();
            useConfirmationChanges(() => {
                if (!this.model.root.selection?.length) {
                    return this.model.load();
                }
            });
        }
    },
});
