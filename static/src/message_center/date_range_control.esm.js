import {Component, useState} from "@odoo/owl";
import {DATE_FIELDS, getPresets, orderRange} from "./date_range.esm";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {_t} from "@web/core/l10n/translation";
import {useBus} from "@web/core/utils/hooks";
import {useDateTimePicker} from "@web/core/datetime/datetime_picker_hook";

const {DateTime} = luxon;

/** A day with its calendar, which does not scroll the page to the top on a phone. */
export class DayInput extends DateTimeInput {
    /** @override */
    setup() {
        const getValue = () => this.props.value;
        useDateTimePicker({
            get pickerProps() {
                return {type: "date", value: getValue()};
            },
            ensureVisibility: () => false,
            onApply: (value) => this.props.onApply(value),
        });
    }
}

/** Start and end day, visible on the page; part of the search like any filter. */
export class DateRangeControl extends Component {
    static template = "fieldservice_job_confirmation.DateRangeControl";
    static components = {DayInput};
    static props = {};

    setup() {
        this.state = useState({said: ""});
        useBus(this.env.searchModel, "update", () => this.render());
    }

    get range() {
        return this.env.searchModel.dateRange;
    }

    get isSet() {
        return Boolean(this.range.start || this.range.end);
    }

    get fields() {
        return Object.entries(DATE_FIELDS).map(([key, label]) => ({
            key,
            label: label(),
            active: this.range.field === key,
        }));
    }

    get presets() {
        const {field, start, end} = this.range;
        return getPresets(field).map((preset) => ({
            ...preset,
            active:
                preset.range.field === field &&
                preset.range.start === start &&
                preset.range.end === end,
        }));
    }

    /** @returns {Object|Boolean} a day of the range as the date input wants it */
    value(name) {
        const day = this.range[name];
        return day ? DateTime.fromISO(day) : false;
    }

    setField(field) {
        this.set({...this.range, field});
    }

    setDay(name, value) {
        this.set({...this.range, [name]: value ? value.toISODate() : ""});
    }

    togglePreset(preset) {
        if (preset.active) {
            this.clear();
        } else {
            this.set(preset.range);
        }
    }

    clear() {
        this.set({...this.range, start: "", end: ""});
    }

    set(range) {
        const [ordered, swapped] = orderRange(range);
        this.state.said = swapped
            ? _t("The start date was after the end date, so they were swapped.")
            : "";
        this.env.searchModel.setDateRange(ordered);
    }
}
