import {Component, useState} from "@odoo/owl";
import {STATUS_LOOKS, getStatusLook} from "../shared/status_looks.esm";
import {CheckboxItem} from "@web/core/dropdown/checkbox_item";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {_t} from "@web/core/l10n/translation";
import {getBoardTiles} from "./search_model.esm";
import {isDone, takeStep} from "../shared/next_step.esm";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";
import {withNeighbors} from "../shared/neighbors.esm";

/** Show what changed: the rows, and the tiles above them. */
const showChanges = (component) => component.env.searchModel?.search();

// The server sets no other by hand on the board.
const BY_HAND = [
    ["confirmed", () => _t("Confirmed")],
    ["declined", () => _t("Declined")],
    ["reconfirm", () => _t("Ask again")],
];

/** Where an appointment stands, as on its tile; with Edit a list to set the answer. */
export class BoardState extends Component {
    static template = "fieldservice_job_confirmation.BoardState";
    static components = {Dropdown, CheckboxItem};
    static props = {...standardFieldProps};

    setup() {
        // Not useService: open boards may redraw this row before the server answers.
        this.orm = this.env.services.orm;
    }

    get tile() {
        const value = this.props.record.data[this.props.name];
        const tile = getBoardTiles().find(({key}) => key === value) || {};
        return {...tile, ...getStatusLook(tile.look)};
    }

    /** The server gives the steps of Edit only to those who have it. */
    get canSet() {
        return Boolean(this.props.record.data.may_set_status);
    }

    get options() {
        return BY_HAND.map(([key, label]) => ({
            key,
            label: label(),
            ...STATUS_LOOKS[key],
        }));
    }

    async choose(key) {
        const {resModel, resId} = this.props.record;
        await this.orm.call(resModel, "action_set_status", [[resId], key]);
        showChanges(this);
    }
}

registry.category("fields").add("fsm_board_state", {
    component: BoardState,
    displayName: _t("Day Board Status"),
    supportedTypes: ["selection"],
    fieldDependencies: [{name: "may_set_status", type: "boolean"}],
    listViewWidth: [164, 190],
});

/** What to do next: the likeliest as a button, the others in a menu beside it. */
export class BoardSteps extends Component {
    static template = "fieldservice_job_confirmation.BoardSteps";
    static components = {Dropdown, DropdownItem};
    static props = {...standardFieldProps};

    setup() {
        this.orm = this.env.services.orm;
        this.action = useService("action");
        this.state = useState({busy: false});
    }

    get steps() {
        return this.props.record.data[this.props.name] || [];
    }

    get first() {
        return this.steps[0];
    }

    get others() {
        return this.steps.slice(1);
    }

    async take(step) {
        if (step.href) {
            window.open(step.href, "_self");
            return;
        }
        await takeStep(this, step, async (action) => {
            if (action) {
                await this.action.doAction(action, {
                    ...withNeighbors(action, this.props.record),
                    onClose: () => showChanges(this),
                });
            }
            if (isDone(action)) {
                showChanges(this);
            }
        });
    }
}

registry.category("fields").add("fsm_board_steps", {
    component: BoardSteps,
    displayName: _t("Day Board Steps"),
    supportedTypes: ["json"],
    label: false,
    listViewWidth: [196, 220],
});
