import {CalendarControlPanel, DayBoardControlPanel} from "./control_panel.esm";
import {calendarSearch, dayBoardSearch} from "./search_model.esm";
import {messageCenter, selectable, withHelper} from "../message_center/views.esm";
import {CalendarController} from "@web/views/calendar/calendar_controller";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {ListController} from "@web/views/list/list_controller";
import {ListRenderer} from "@web/views/list/list_renderer";
import {SearchModel} from "@web/search/search_model";
import {calendarView} from "@web/views/calendar/calendar_view";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {useConfirmationChanges} from "../shared/live_update.esm";
import {useService} from "@web/core/utils/hooks";

const {DateTime} = luxon;
const views = registry.category("views");

views.add("fsm_day_board_list", {
    ...listView,
    ControlPanel: DayBoardControlPanel,
    Controller: selectable(messageCenter(ListController, "action_open")),
    Renderer: withHelper(ListRenderer),
    SearchModel: dayBoardSearch(SearchModel),
});

views.add("fsm_day_board_kanban", {
    ...kanbanView,
    ControlPanel: DayBoardControlPanel,
    Controller: messageCenter(KanbanController, "action_open"),
    Renderer: withHelper(KanbanRenderer),
    SearchModel: dayBoardSearch(SearchModel),
});

class BoardCalendarController extends CalendarController {
    setup() {
        super.setup();
        this.boardAction = useService("action");
        useConfirmationChanges(() => this.model.load());
    }

    /**
     * It opens on the day that was looked at.
     *
     * @override
     */
    get modelParams() {
        const {day} = this.env.searchModel;
        const params = super.modelParams;
        return {...params, date: params.date || (day && DateTime.fromISO(day))};
    }

    /** @override */
    async editRecord(record) {
        const action = await this.orm.call("fsm.appointment", "action_open", [
            [record.id],
        ]);
        await this.boardAction.doAction(action);
    }
}

views.add("fsm_day_board_calendar", {
    ...calendarView,
    ControlPanel: CalendarControlPanel,
    Controller: BoardCalendarController,
    SearchModel: calendarSearch(calendarView.SearchModel || SearchModel),
});
