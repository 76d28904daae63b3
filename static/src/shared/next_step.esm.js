import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";

async function carryOut({state, orm, props}, {key}, follow) {
    if (state.busy) {
        return;
    }
    state.busy = true;
    try {
        const {resModel, resId} = props.record;
        const action = await orm.call(resModel, "action_next_step", [[resId], key]);
        await follow(action);
    } finally {
        state.busy = false;
    }
}

/**
 * @param {Object|false} action that a step led to
 * @returns {Boolean} whether it is done, with or without a word about it
 */
export const isDone = (action) => !action || action.type === "ir.actions.client";

/**
 * Take one of the next steps that the server offers for a record, once at a time.
 *
 * What acts at once says before what it will do, and asks.
 *
 * @param {Object} component with `state.busy`, `orm` and the record in its props
 * @param {Object} step
 * @param {Function} follow gets the action to open, or false when it is done
 */
export async function takeStep(component, step, follow) {
    if (!step.confirm) {
        await carryOut(component, step, follow);
        return;
    }
    const {title, body, label} = step.confirm;
    component.env.services.dialog.add(ConfirmationDialog, {
        title,
        body,
        confirmLabel: label,
        confirm: () => carryOut(component, step, follow),
        cancel: () => undefined,
    });
}

/**
 * Have Enter press the button or link that has the focus: in a list's cell it would open
 * the row instead.
 *
 * @param {KeyboardEvent} ev
 */
export const pressOnEnter = (ev) => {
    if (ev.key === "Enter") {
        ev.stopPropagation();
    }
};
