import {
    MessageCenterControlPanel,
    MessageCenterHelper,
} from "../message_center/control_panel";
import {GraphController} from "@web/views/graph/graph_controller";
import {GraphRenderer} from "@web/views/graph/graph_renderer";
import {PivotController} from "@web/views/pivot/pivot_controller";
import {graphView} from "@web/views/graph/graph_view";
import {messageCenterSearch} from "../message_center/search";
import {pivotView} from "@web/views/pivot/pivot_view";
import {registry} from "@web/core/registry";

// Odoo loads graphs and pivots when they are first needed; so is this file.

// Bars have the colours of the status marks: a green one is never "Declined".
const COLORS = {
    confirmed: "#2e9e57",
    declined: "#f2c230",
    opted_out: "#b3202c",
    unrecognized: "#8a63d2",
    moved: "#f08c3a",
    awaiting: "#9aa3ab",
    no_answer: "#d0d5da",
    failed: "#e8707a",
    canceled: "#e9ecef",
};

const withHelper = (Controller) =>
    class extends Controller {
        static components = {
            ...Controller.components,
            ActionHelper: MessageCenterHelper,
        };
    };

class MessageCenterGraphRenderer extends GraphRenderer {
    /** @override */
    getBarChartData() {
        const data = super.getBarChartData();
        const {fields, groupBy} = this.model.metaData;
        const last = groupBy.at(-1)?.fieldName;
        if (["indicator", "response"].includes(last)) {
            const keys = new Map(
                fields[last].selection.map(([key, name]) => [name, key])
            );
            for (const dataset of data.datasets) {
                const key = keys.get(dataset.label);
                dataset.backgroundColor = COLORS[key] || dataset.backgroundColor;
            }
        }
        return data;
    }
}

registry.category("views").add("fsm_confirmation_graph", {
    ...graphView,
    ControlPanel: MessageCenterControlPanel,
    Controller: withHelper(GraphController),
    Renderer: MessageCenterGraphRenderer,
    SearchModel: messageCenterSearch(graphView.SearchModel),
});

registry.category("views").add("fsm_confirmation_pivot", {
    ...pivotView,
    ControlPanel: MessageCenterControlPanel,
    Controller: withHelper(PivotController),
    SearchModel: messageCenterSearch(pivotView.SearchModel),
});
