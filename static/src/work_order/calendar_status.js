import {CalendarModel} from "@web/views/calendar/calendar_model";
import {STATUS_LOOKS} from "../shared/status_looks";
import {patch} from "@web/core/utils/patch";

// Records of other models, and users without a level, have no such field.
patch(CalendarModel.prototype, {
    /** @override */
    normalizeRecord(rawRecord) {
        const status = rawRecord.confirmation_status;
        const isAsked = status && status !== "not_sent";
        const record = super.normalizeRecord(rawRecord);
        return {
            ...record,
            // By what the customer answered, and not by the stage.
            colorIndex: status ? STATUS_LOOKS[status].chart : record.colorIndex,
            confirmation: isAsked ? {status, ...STATUS_LOOKS[status]} : null,
        };
    },
});
