import {FormViewDialog} from "@web/views/view_dialogs/form_view_dialog";
import {useService} from "@web/core/utils/hooks";

const RESOLVE = "fsm.confirmation.settle";

/**
 * Open a form above the dialog that is open, which stays there.
 *
 * An action would replace that dialog, and the user would lose the place.
 *
 * @returns {Function} (action, onClosed) => void, for an act_window action on a form
 */
export function useDialogAbove() {
    const dialog = useService("dialog");
    const orm = useService("orm");
    const notification = useService("notification");
    return (action, onClosed) => {
        const resolves = action.res_model === RESOLVE;
        const props = {
            title: action.name,
            resModel: action.res_model,
            resId: action.res_id || false,
            context: {...action.context},
            canExpand: false,
        };
        if (resolves) {
            props.size = "md";
            props.context.form_view_ref =
                "fieldservice_job_confirmation.fsm_confirmation_settle_view_form_above";
            props.onRecordSave = async (record) => {
                if (!(await record.save({reload: false}))) {
                    return false;
                }
                const done = await orm.call(RESOLVE, "action_apply", [[record.resId]]);
                if (done?.params) {
                    // Its words alone: what it closes is the dialog below.
                    const {message, type} = done.params;
                    notification.add(message, {type});
                }
                return true;
            };
        }
        dialog.add(FormViewDialog, props, {onClose: onClosed});
    };
}
