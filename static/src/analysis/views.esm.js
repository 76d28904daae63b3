import {
    MessageCenterControlPanel,
    MessageCenterHelper,
} from "../message_center/control_panel.esm";
import {GraphController} from "@web/views/graph/graph_controller";
import {GraphRenderer} from "@web/views/graph/graph_renderer";
import {PivotController} from "@web/views/pivot/pivot_controller";
import {getStatusLook} from "../shared/status_looks.esm";
import {graphView} from "@web/views/graph/graph_view";
import {messageCenterSearch} from "../message_center/search_model.esm";
import {pivotView} from "@web/views/pivot/pivot_view";
import {registry} from "@web/core/registry";

// Odoo loads graphs and pivots when they are first needed; so is this file.

const withHelper = (Controller) =>
    class extends Controller {
        static components = {
            ...Controller.components,
            ActionHelper: MessageCenterHelper,
        };
    };

class MessageCenterGraphRenderer extends GraphRenderer {
    /**
     * Bars have the colors of the status marks: a green one is never "Declined".
     *
     * @override
     */
    getBarChartData() {
        const data = super.getBarChartData();
        const {fields, groupBy} = this.model.metaData;
        const last = groupBy.at(-1)?.fieldName;
        if (["indicator", "response"].includes(last)) {
            const keys = new Map(
                fields[last].selection.map(([key, name]) => [name, key])
            );
            for (const dataset of data.datasets) {
                const {chart} = getStatusLook(keys.get(dataset.label));
                dataset.backgroundColor = chart || dataset.backgroundColor;
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
