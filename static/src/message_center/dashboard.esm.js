import {Component, onMounted, useState} from "@odoo/owl";
import {isGone, useConfirmationChanges} from "../shared/live_update.esm";
import {useBus, useService} from "@web/core/utils/hooks";
import {KeepLast} from "@web/core/utils/concurrency";
import {_t} from "@web/core/l10n/translation";
import {formatInteger} from "@web/views/fields/formatters";
import {getStatusLook} from "../shared/status_looks.esm";
import {getTiles} from "./search_model.esm";
import {isMacOS} from "@web/core/browser/feature_detection";

const LEVELS = {
    danger: {icon: "fa-exclamation-circle", word: () => _t("Problem")},
    warning: {icon: "fa-exclamation-triangle", word: () => _t("Warning")},
    info: {icon: "fa-info-circle", word: () => _t("Info")},
    success: {icon: "fa-check-circle", word: () => _t("Done")},
};

/**
 * What stands above the messages: banners, tiles that count and filter, and the way to
 * the replies that belong to no message.
 */
export class MessageCenterDashboard extends Component {
    static template = "fieldservice_job_confirmation.Dashboard";
    static props = {};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.listTiles = getTiles;
        this.source = ["fsm.confirmation", "get_message_center_summary"];
        this.keepLast = new KeepLast();
        this.state = useState({tiles: [], banners: [], unmatched: {count: 0}});
        // The messages themselves are not kept waiting.
        onMounted(() => this.load());
        useBus(this.env.searchModel, "update", () => this.load());
        useConfirmationChanges(() => this.load());
    }

    async load() {
        // The view was left while a dialog was open.
        if (isGone(this)) {
            return;
        }
        const {searchModel} = this.env;
        const summary = await this.keepLast.add(
            this.orm.silent.call(...this.source, [searchModel.domainWithoutTiles], {
                context: searchModel.context,
            })
        );
        Object.assign(this.state, summary);
    }

    // ------------------------------------------------------------------
    // Tiles
    // ------------------------------------------------------------------

    get tiles() {
        const counts = new Map(this.state.tiles.map((tile) => [tile.key, tile]));
        return this.listTiles().map((tile) => {
            const counted = counts.get(tile.key) || {count: null};
            const count = this.formatCount(counted);
            return {
                ...tile,
                count,
                ...getStatusLook(tile.look),
                empty: !counted.count,
                active: this.env.searchModel.isTileActive(tile.key),
                spoken: `${tile.label}: ${count}`,
            };
        });
    }

    /** "10,000+" where there are more than were counted. */
    formatCount({count, capped}) {
        if (count === null) {
            return "–";
        }
        return formatInteger(count) + (capped ? "+" : "");
    }

    get unmatchedText() {
        const {unmatched} = this.state;
        const count = this.formatCount(unmatched);
        return unmatched.count === 1 && !unmatched.capped
            ? _t("1 unmatched reply")
            : _t("%s unmatched replies", count);
    }

    toggleTile(tile, ev) {
        const add = ev.shiftKey || (isMacOS() ? ev.metaKey : ev.ctrlKey);
        this.env.searchModel.toggleTile(tile.key, add);
    }

    openUnmatched() {
        this.action.doAction(
            "fieldservice_job_confirmation.fsm_confirmation_reply_action"
        );
    }

    // ------------------------------------------------------------------
    // Banners
    // ------------------------------------------------------------------

    get banners() {
        return this.state.banners.map((banner, index) => {
            const level = banner.level in LEVELS ? banner.level : "info";
            return {
                ...banner,
                index,
                level,
                icon: LEVELS[level].icon,
                word: LEVELS[level].word(),
                items: banner.items || [],
            };
        });
    }

    /** @param {Object} step a banner or one of its items */
    async act(step) {
        await this.action.doAction(step.action, {onClose: () => this.load()});
    }
}
