import {
    MessageCenterControlPanel,
    MessageCenterHelper,
} from "../message_center/control_panel.esm";
import {STATUS_LOOKS, getStatusLook} from "../shared/status_looks.esm";
import {GraphController} from "@web/views/graph/graph_controller";
import {GraphModel} from "@web/views/graph/graph_model";
import {GraphRenderer} from "@web/views/graph/graph_renderer";
import {PivotController} from "@web/views/pivot/pivot_controller";
import {_t} from "@web/core/l10n/translation";
import {graphView} from "@web/views/graph/graph_view";
import {messageCenterSearch} from "../message_center/search_model.esm";
import {pivotView} from "@web/views/pivot/pivot_view";
import {registry} from "@web/core/registry";
import {sortBy} from "@web/core/utils/arrays";

// Odoo loads graphs and pivots when they are first needed; so is this file.

const withHelper = (Controller) =>
    class extends Controller {
        static components = {
            ...Controller.components,
            ActionHelper: MessageCenterHelper,
        };
    };

const STATUS_FIELDS = ["indicator", "response", "confirmation_status"];
const ORDER = Object.keys(STATUS_LOOKS);
// What never left asks nobody: it is not part of the rate.
const NOT_ASKED = ["canceled", "not_sent"];

/** The status that the bars of a chart are parted by, if they are. */
const getStatusField = ({fields, groupBy, mode}) => {
    const name = groupBy.length > 1 && groupBy.at(-1).fieldName;
    return mode === "bar" && STATUS_FIELDS.includes(name) ? fields[name] : null;
};

/** @returns {Map} from a status' word to its key */
const getKeys = (field) => new Map(field.selection.map(([key, name]) => [name, key]));

/** Percentage of the confirmed ones among those who were asked, for each bar. */
function confirmedRates(datasets, length) {
    const rates = [];
    for (let index = 0; index < length; index++) {
        let asked = 0;
        let confirmed = 0;
        for (const {key, data} of datasets) {
            asked += NOT_ASKED.includes(key) ? 0 : data[index];
            confirmed += key === "confirmed" ? data[index] : 0;
        }
        rates.push(asked ? Math.round((100 * confirmed) / asked) : null);
    }
    return rates;
}

export class StatusGraphModel extends GraphModel {
    /**
     * Statuses always stand in the same order, whichever comes first in the data.
     *
     * @override
     */
    _getData() {
        const data = super._getData(...arguments);
        const field = getStatusField(this.metaData);
        if (field) {
            const keys = getKeys(field);
            for (const dataset of data.datasets) {
                // Without a status it has not been answered.
                dataset.key = keys.get(dataset.label) || "";
            }
            data.datasets = sortBy(data.datasets, ({key}) =>
                key ? ORDER.indexOf(key) : ORDER.length
            );
        }
        return data;
    }

    /**
     * Bars that show shares have the confirmed rate above them. Their sum is their
     * height, and a sum of averages says nothing.
     *
     * @override
     */
    _getLineOverlayDataset() {
        const {measure} = this.metaData;
        if (measure !== "__count" || !getStatusField(this.metaData)) {
            return null;
        }
        const {datasets, labels} = this.data;
        return {
            label: _t("Confirmed (%)"),
            data: confirmedRates(datasets, labels.length),
            currencyIds: [],
            trueLabels: labels,
            yAxisID: "rate",
            spanGaps: true,
            clip: false,
        };
    }
}

export class StatusGraphRenderer extends GraphRenderer {
    /**
     * Bars have the colors of the status marks: a green one is never "Declined".
     *
     * @override
     */
    getBarChartData() {
        const data = super.getBarChartData();
        for (const dataset of data.datasets) {
            if (dataset.key !== undefined) {
                const {chart} = getStatusLook(dataset.key);
                dataset.backgroundColor = chart || dataset.backgroundColor;
            }
        }
        return data;
    }

    /**
     * Numbers of messages are whole, and the rate has a scale of its own.
     *
     * @override
     */
    getScaleOptions() {
        const scales = super.getScaleOptions();
        const {measure} = this.model.metaData;
        if (scales.y && measure === "__count") {
            Object.assign(scales.y.ticks, {
                precision: 0,
                callback: (value) => this.formatValue(value),
            });
        }
        if (this.model.lineOverlayDataset) {
            scales.rate = {
                type: "linear",
                position: "right",
                min: 0,
                max: 100,
                ticks: {
                    callback: (value) => `${value}%`,
                    color: scales.y.ticks.color,
                },
                grid: {display: false},
                border: {display: false},
            };
        }
        return scales;
    }
}

registry.category("views").add("fsm_confirmation_graph", {
    ...graphView,
    ControlPanel: MessageCenterControlPanel,
    Controller: withHelper(GraphController),
    Model: StatusGraphModel,
    Renderer: StatusGraphRenderer,
    SearchModel: messageCenterSearch(graphView.SearchModel),
});

registry.category("views").add("fsm_appointment_graph", {
    ...graphView,
    Model: StatusGraphModel,
    Renderer: StatusGraphRenderer,
});

registry.category("views").add("fsm_confirmation_pivot", {
    ...pivotView,
    ControlPanel: MessageCenterControlPanel,
    Controller: withHelper(PivotController),
    SearchModel: messageCenterSearch(pivotView.SearchModel),
});
