import {CalendarModel} from "@web/views/calendar/calendar_model";
import {STATUS_LOOKS, getShownStatus} from "../shared/status_looks.esm";
import {patch} from "@web/core/utils/patch";

const STATUS = "confirmation_status";

// Records of other models, and users without a level, have no such field.
patch(CalendarModel.prototype, {
    /** @override */
    setup() {
        super.setup(...arguments);
        const {fields, fieldMapping, fieldNames} = this.meta;
        if (STATUS in fields && fieldNames.includes(STATUS)) {
            // By what the customer answered, and not by the stage.
            this.meta.fieldMapping = {...fieldMapping, color: STATUS};
        }
    },

    /** @override */
    normalizeRecord(rawRecord) {
        const status = getShownStatus(rawRecord, rawRecord[STATUS]);
        const isAsked = status && status !== "not_sent";
        const record = super.normalizeRecord(rawRecord);
        return {
            ...record,
            colorIndex: status ? STATUS_LOOKS[status].event : record.colorIndex,
            confirmation: isAsked ? {status, ...STATUS_LOOKS[status]} : null,
        };
    },
});
