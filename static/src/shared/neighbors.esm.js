/**
 * The options with which an action opens: the details of a message can be turned over
 * to those before and after it in the list.
 *
 * @param {Object} action as the server describes it
 * @param {Object} record the row that was clicked
 * @returns {Object}
 */
export function withNeighbors(action, record) {
    if (action.res_model !== "fsm.confirmation" || !action.res_id) {
        return {};
    }
    const {records} = record.model.root;
    const ids = (records || []).map(({resModel, resId, data}) =>
        resModel === action.res_model ? resId : data.message_id?.id
    );
    const resIds = [...new Set(ids)].filter(Boolean);
    return resIds.includes(action.res_id) ? {props: {resIds}} : {};
}
