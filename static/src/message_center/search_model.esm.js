import {describeRange, rangeDomain} from "./date_range.esm";
import {Domain} from "@web/core/domain";
import {_t} from "@web/core/l10n/translation";
import {session} from "@web/session";

/**
 * The tiles, as the server declares them. Each presses the filter of its key.
 *
 * @returns {{key: String, label: String, look: String}[]}
 */
export const getTiles = () => session.message_center_tiles || [];

const RANGE = "message_center_range";

/**
 * What the Message Center adds to a search: tiles that press the filters of their name,
 * and a range of days that is a filter like any other (a facet, kept in favorites and
 * when the view changes).
 *
 * @param {Function} Base a SearchModel
 * @param {Function} [listTiles]
 * @param {String} [dateField] the date that a range is about at first
 * @returns {Function}
 */
export const messageCenterSearch = (
    Base,
    listTiles = getTiles,
    dateField = "sent_date"
) =>
    class extends Base {
        // --------------------------------------------------------------
        // Tiles
        // --------------------------------------------------------------

        _getTileItem(key) {
            return Object.values(this.searchItems).find(
                (item) => item.type === "filter" && item.name === key
            );
        }

        isTileActive(key) {
            const item = this._getTileItem(key);
            return Boolean(
                item && this.query.some((el) => el.searchItemId === item.id)
            );
        }

        /**
         * Press or release a tile. Pressing one releases the others, as with tabs.
         *
         * @param {String} key
         * @param {Boolean} [add] keep the others pressed
         */
        toggleTile(key, add = false) {
            const item = this._getTileItem(key);
            if (!item) {
                return;
            }
            const active = this.isTileActive(key);
            this.query = this.query.filter((el) => {
                const {id, groupId} = this.searchItems[el.searchItemId];
                return add || active ? id !== item.id : groupId !== item.groupId;
            });
            if (!active) {
                this.query.push({searchItemId: item.id});
            }
            this._notify();
        }

        /** What is being looked at, whatever tile is pressed: the tiles count in it. */
        get domainWithoutTiles() {
            const groups = new Set(
                listTiles().map(({key}) => this._getTileItem(key)?.groupId)
            );
            const {query} = this;
            this.query = query.filter(
                (el) => !groups.has(this.searchItems[el.searchItemId].groupId)
            );
            try {
                return this._getDomain();
            } finally {
                this.query = query;
            }
        }

        /** Whether anything narrows what is shown. */
        get isNarrowed() {
            return this.facets.some((facet) => facet.type !== "groupBy");
        }

        // --------------------------------------------------------------
        // Range of days
        // --------------------------------------------------------------

        get _rangeItem() {
            return Object.values(this.searchItems).find((item) => item.name === RANGE);
        }

        /**
         * @returns {{field: String, start: String, end: String}} days as YYYY-MM-DD,
         *      "" where there is none
         */
        get dateRange() {
            const item = this._rangeItem;
            const field = item?.range.field || dateField;
            const active = item && this.query.some((el) => el.searchItemId === item.id);
            return active ? {...item.range} : {field, start: "", end: ""};
        }

        /**
         * @param {{field: String, start: String, end: String}} range both days count
         */
        setDateRange(range) {
            let item = this._rangeItem;
            if (!item) {
                item = {
                    id: this.nextId++,
                    groupId: this.nextGroupId++,
                    groupNumber: this.nextGroupNumber++,
                    name: RANGE,
                    type: "filter",
                    // In the facets and on the page, not in the menu of filters.
                    invisible: "True",
                };
                this.searchItems[item.id] = item;
            }
            Object.assign(item, {
                range: {...range},
                domain: new Domain(rangeDomain(range)).toString(),
                description: describeRange(range),
                tooltip: _t("Both days included"),
            });
            const {id} = item;
            const others = this.query.filter((el) => el.searchItemId !== id);
            const active = range.start || range.end;
            if (!active) {
                this.query = others;
            } else if (others.length === this.query.length) {
                this.query.push({searchItemId: id});
            }
            this._notify();
        }
    };
