import {useBus, useService} from "@web/core/utils/hooks";
import {Component} from "@odoo/owl";
import {ControlPanel} from "@web/search/control_panel/control_panel";
import {DayInput} from "../message_center/date_range_control.esm";
import {MessageCenterControlPanel} from "../message_center/control_panel.esm";
import {MessageCenterDashboard} from "../message_center/dashboard.esm";
import {_t} from "@web/core/l10n/translation";
import {getBoardTiles} from "./search_model.esm";

const {DateTime} = luxon;

/** The day in one line, its tiles, and the way to ask all who were not asked yet. */
export class DayBoardDashboard extends MessageCenterDashboard {
    static template = "fieldservice_job_confirmation.DayBoardDashboard";

    setup() {
        super.setup();
        this.listTiles = getBoardTiles;
        this.source = ["fsm.appointment", "get_day_board_summary"];
        Object.assign(this.state, {line: "", to_ask: 0, undated: 0, total: 0});
    }

    /** Of what is over only when there is any. */
    get tiles() {
        return super.tiles.filter((tile) => tile.key !== "passed" || !tile.empty);
    }

    get askText() {
        const {to_ask: count} = this.state;
        return count === 1
            ? _t("Send to 1 Not Asked")
            : _t("Send to %s Not Asked", count);
    }

    get undatedText() {
        const {undated: count} = this.state;
        return count === 1
            ? _t("1 Work Order without a date")
            : _t("%s Work Orders without a date", count);
    }

    async askAll() {
        const {searchModel} = this.env;
        const action = await this.orm.call("fsm.appointment", "action_ask_all", [
            searchModel.domainWithoutTiles,
        ]);
        await this.action.doAction(action, {onClose: () => searchModel.search()});
    }
}

/** Which day is looked at, and whether by time or by technician. */
export class DayControl extends Component {
    static template = "fieldservice_job_confirmation.DayControl";
    static components = {DayInput};
    static props = {};

    setup() {
        this.action = useService("action");
        useBus(this.env.searchModel, "update", () => this.render());
    }

    get day() {
        return this.env.searchModel.day;
    }

    /** The day as the date input wants it. */
    get value() {
        return this.day ? DateTime.fromISO(this.day) : false;
    }

    get weekday() {
        return this.value ? this.value.toFormat("cccc") : "";
    }

    get presets() {
        const {today, tomorrow, working_day: workingDay} = this.env.searchModel.days;
        const presets = [
            {key: "today", label: _t("Today"), day: today},
            {key: "tomorrow", label: _t("Tomorrow"), day: tomorrow},
        ];
        if (workingDay !== tomorrow) {
            const label = _t("Next working day");
            presets.push({key: "working_day", label, day: workingDay});
        }
        return presets.map((preset) => ({...preset, active: preset.day === this.day}));
    }

    setDay(value) {
        this.env.searchModel.day = value ? value.toISODate() : "";
    }

    choose(preset) {
        this.env.searchModel.day = preset.day;
    }

    move(days) {
        const {searchModel} = this.env;
        const from = this.value || DateTime.fromISO(searchModel.days.today);
        this.setDay(from.plus({days}));
    }
}

export class DayBoardControlPanel extends MessageCenterControlPanel {
    static template = "fieldservice_job_confirmation.DayBoardControlPanel";
    static components = {...ControlPanel.components, DayBoardDashboard, DayControl};
}

/** The calendar has days of its own. */
export class CalendarControlPanel extends DayBoardControlPanel {
    static template = "fieldservice_job_confirmation.CalendarControlPanel";
}
