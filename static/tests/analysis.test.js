import {
    defineModels,
    fields,
    models,
    mountView,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {expect, test} from "@odoo/hoot";
import {StatusGraphRenderer} from "@fieldservice_job_confirmation/analysis/views.esm";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";

class FsmAppointment extends models.Model {
    _name = "fsm.appointment";

    hour = fields.Char();
    rate = fields.Float({aggregator: "avg"});
    confirmation_status = fields.Selection({
        selection: [
            ["not_sent", "Not sent"],
            ["awaiting", "Awaiting response"],
            ["confirmed", "Confirmed"],
            ["declined", "Declined"],
        ],
    });
    _records = [
        ["9 AM", "not_sent"],
        ["9 AM", "declined"],
        ["9 AM", "confirmed"],
        ["10 AM", "awaiting"],
        ["10 AM", "confirmed"],
        ["10 AM", "confirmed"],
    ].map(([hour, confirmation_status], index) => ({
        id: index + 1,
        hour,
        confirmation_status,
        rate: 1,
    }));
}

defineModels([FsmAppointment]);
defineMailModels();

/** The configuration of the chart that is drawn. */
async function mountGraph(body) {
    let config = null;
    patchWithCleanup(StatusGraphRenderer.prototype, {
        getChartConfig() {
            config = super.getChartConfig();
            return config;
        },
    });
    await mountView({
        type: "graph",
        resModel: "fsm.appointment",
        arch: `<graph js_class="fsm_appointment_graph">${body}</graph>`,
    });
    return config;
}

test("statuses in their order, and the confirmed rate instead of a sum", async () => {
    const {data, options} = await mountGraph(
        `<field name="hour"/><field name="confirmation_status"/>`
    );
    expect(data.datasets.map(({label}) => label)).toEqual([
        "Confirmed",
        "Declined",
        "Awaiting response",
        "Not sent",
        "Confirmed (%)",
    ]);
    const rates = data.datasets.at(-1);
    const byHour = Object.fromEntries(
        data.labels.map((label, index) => [label, rates.data[index]])
    );
    expect(byHour).toEqual({"9 AM": 50, "10 AM": 67});
    expect(rates.yAxisID).toBe("rate");
    expect(options.scales.rate.max).toBe(100);
});

test("averages are not added up", async () => {
    const {data, options} = await mountGraph(
        `<field name="hour"/><field name="confirmation_status"/>
        <field name="rate" type="measure"/>`
    );
    expect(data.datasets.some(({label}) => label === "Confirmed (%)")).toBe(false);
    expect(options.scales.rate).toBe(undefined);
});
