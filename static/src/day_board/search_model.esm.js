import {messageCenterSearch} from "../message_center/search_model.esm";
import {session} from "@web/session";

export const DAY = "scheduled_date_start";

/** The tiles of the Day Board, as the server declares them; see `getTiles`. */
export const getBoardTiles = () => session.day_board_tiles || [];

/**
 * The search of the Day Board: it begins with the next working day.
 *
 * @param {Function} Base a SearchModel
 * @returns {Function}
 */
export const dayBoardSearch = (Base) =>
    class extends messageCenterSearch(Base, getBoardTiles, DAY) {
        /** @override */
        async load(config) {
            const [days] = await Promise.all([
                this.orm.call("fsm.appointment", "get_days", []),
                super.load(config),
            ]);
            this.days = days;
            if (!config.state && !this.query.some((el) => this.hasOwnDay(el))) {
                this.blockNotification = true;
                this.day = days.first;
                this.blockNotification = false;
                this._reset();
            }
        }

        /** Whether it is a favorite or a list of its own, of whichever day. */
        hasOwnDay({searchItemId}) {
            const {type, fieldName} = this.searchItems[searchItemId];
            return type === "favorite" || fieldName === "call_user_id";
        }

        /** The one day that is looked at, as YYYY-MM-DD; "" when it is not one. */
        get day() {
            const {start, end} = this.dateRange;
            return start === end ? start : "";
        }

        set day(day) {
            // Without a date there is no day.
            const item = this._getTileItem("undated");
            this.query = this.query.filter((el) => el.searchItemId !== item?.id);
            this.setDateRange({field: DAY, start: day, end: day});
        }

        get isUndated() {
            return this.isTileActive("undated");
        }

        /** Show the Work Orders that have no date, of no day then. */
        showUndated() {
            this.blockNotification = true;
            this.setDateRange({field: DAY, start: "", end: ""});
            this.blockNotification = false;
            this.toggleTile("undated", true);
        }

        get isByTechnician() {
            return this.groupBy.includes("person_id");
        }

        toggleTechnician() {
            const item = Object.values(this.searchItems).find(
                ({name}) => name === "group_person"
            );
            this.toggleSearchItem(item.id);
        }
    };

/**
 * The same for the calendar, which has days of its own.
 *
 * @param {Function} Base a SearchModel
 * @returns {Function}
 */
export const calendarSearch = (Base) =>
    class extends dayBoardSearch(Base) {
        get facets() {
            const groupId = this._rangeItem?.groupId;
            return super.facets.filter((facet) => facet.groupId !== groupId);
        }

        /** @override */
        _getDomain(params) {
            const {query} = this;
            const item = this._rangeItem;
            this.query = query.filter((el) => el.searchItemId !== item?.id);
            try {
                return super._getDomain(params);
            } finally {
                this.query = query;
            }
        }
    };
