import {
    MessageCenterControlPanel,
    MessageCenterHelper,
} from "../message_center/control_panel";
import {GraphController} from "@web/views/graph/graph_controller";
import {PivotController} from "@web/views/pivot/pivot_controller";
import {graphView} from "@web/views/graph/graph_view";
import {messageCenterSearch} from "../message_center/search";
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

registry.category("views").add("fsm_confirmation_graph", {
    ...graphView,
    ControlPanel: MessageCenterControlPanel,
    Controller: withHelper(GraphController),
    SearchModel: messageCenterSearch(graphView.SearchModel),
});

registry.category("views").add("fsm_confirmation_pivot", {
    ...pivotView,
    ControlPanel: MessageCenterControlPanel,
    Controller: withHelper(PivotController),
    SearchModel: messageCenterSearch(pivotView.SearchModel),
});
