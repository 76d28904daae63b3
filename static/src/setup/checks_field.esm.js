import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

// Color is never the only sign: each level has an icon and its word as well.
const LEVELS = {
    ok: {icon: "fa-check-circle", look: "text-success", word: _t("OK")},
    warning: {
        icon: "fa-exclamation-circle",
        look: "o_fsm_confirmation_attention",
        word: _t("Warning"),
    },
    problem: {
        icon: "fa-exclamation-triangle",
        look: "text-danger",
        word: _t("Problem"),
    },
};

/** What a check of the connection found: one line each, with what helps. */
export class FsmConfirmationChecks extends Component {
    static template = "fieldservice_job_confirmation.Checks";
    static props = {...standardFieldProps};

    get checks() {
        const checks = this.props.record.data[this.props.name] || [];
        return checks.map((check) => ({...check, ...LEVELS[check.level]}));
    }
}

registry.category("fields").add("fsm_confirmation_checks", {
    component: FsmConfirmationChecks,
    displayName: _t("Checks of a Connection"),
    supportedTypes: ["json"],
});
