import {Component, onWillStart, useState, xml} from "@odoo/owl";
import {Deferred, animationFrame, mockDate, runAllTimers} from "@odoo/hoot-mock";
import {
    MockServer,
    contains,
    defineModels,
    fields,
    getService,
    mockService,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {click, edit, press, queryAll, queryAllTexts, queryOne} from "@odoo/hoot-dom";
import {describe, expect, test} from "@odoo/hoot";
import {
    getPresets,
    getToday,
    orderRange,
    rangeDomain,
} from "@fieldservice_job_confirmation/message_center/date_range.esm";
import {startBusService, waitForChannels} from "@bus/../tests/bus_test_helpers";
import {STATUS_LOOKS} from "@fieldservice_job_confirmation/shared/status_looks.esm";
import {WEBSOCKET_CLOSE_CODES} from "@bus/workers/websocket_worker";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {session} from "@web/session";
import {useConfirmationChanges} from "@fieldservice_job_confirmation/shared/live_update.esm";
import {user} from "@web/core/user";

describe.current.tags("desktop");

const INDICATORS = [
    ["confirmed", "Confirmed"],
    ["declined", "Declined"],
    ["opted_out", "Opted out"],
    ["unrecognized", "Unrecognized"],
    ["moved", "Changed since"],
    ["awaiting", "Awaiting response"],
    ["no_answer", "No response"],
    ["failed", "Not delivered"],
    ["canceled", "Not sent"],
];

class FsmConfirmation extends models.Model {
    _name = "fsm.confirmation";

    name = fields.Char();
    indicator = fields.Selection({selection: INDICATORS, string: "Status"});
    needs_reading = fields.Boolean();
    sent_date = fields.Datetime();
    appointment_start = fields.Datetime();

    _records = INDICATORS.map(([indicator], index) => ({
        id: index + 1,
        name: `MSG0000${index + 1}`,
        indicator,
        needs_reading: indicator === "confirmed",
        sent_date: "2026-03-10 12:00:00",
    }));

    _views = {
        list: `
            <list js_class="fsm_confirmation_list">
                <header>
                    <button name="action_mark_as_read" type="object" string="Mark as Read"/>
                </header>
                <field name="name"/>
                <field name="indicator" widget="fsm_confirmation_status"/>
                <field name="needs_reading" column_invisible="1"/>
            </list>`,
        search: `
            <search>
                <field name="name"/>
                <filter name="awaiting" string="Awaiting Response"
                    domain="[('indicator', '=', 'awaiting')]"/>
                <filter name="confirmed" string="Confirmed (Yes)"
                    domain="[('indicator', '=', 'confirmed')]"/>
                <filter name="moved" string="Date Moved"
                    domain="[('indicator', '=', 'moved')]"/>
            </search>`,
    };
}

defineModels([FsmConfirmation]);
defineMailModels();

const TILES = [
    {key: "awaiting", label: "Awaiting", look: "awaiting"},
    {key: "confirmed", label: "Confirmed", look: "confirmed"},
];
const COUNTS = [
    {key: "awaiting", count: 1, capped: false},
    {key: "confirmed", count: 10000, capped: true},
];

/** The list, with a summary that the test chooses; the domains asked for are steps. */
async function mountList(summary = {}, options = {}) {
    patchWithCleanup(session, {message_center_tiles: TILES});
    onRpc("fsm.confirmation", "get_message_center_summary", ({args}) => {
        expect.step(`summary ${JSON.stringify(args[0])}`);
        return {
            tiles: COUNTS,
            unmatched: {count: 0, capped: false},
            banners: [],
            ...summary,
        };
    });
    onRpc("fsm.confirmation", "web_search_read", ({kwargs}) => {
        expect.step(`list ${JSON.stringify(kwargs.domain)}`);
        // Days are read by the server only.
        kwargs.domain = kwargs.domain.filter(
            (term) => !["sent_date", "appointment_start"].includes(term[0])
        );
        if (kwargs.domain[0] === "&") {
            kwargs.domain = [];
        }
    });
    await mountView({type: "list", resModel: "fsm.confirmation", ...options});
    await animationFrame();
}

const marks = () => queryAllTexts(".o_data_row .o_fsm_confirmation_status");
const facets = () => queryAllTexts(".o_searchview_facet .o_facet_values");

describe("days", () => {
    test("both days count, whatever the day's length", () => {
        const range = {field: "sent_date", start: "2026-03-08", end: "2026-03-08"};
        // The server reads a day as its beginning in the user's time zone.
        expect(rangeDomain(range)).toEqual([
            "&",
            ["sent_date", ">=", "2026-03-08"],
            ["sent_date", "<", "2026-03-09"],
        ]);
        expect(rangeDomain({...range, start: ""})).toEqual([
            ["sent_date", "<", "2026-03-09"],
        ]);
        expect(rangeDomain({...range, end: ""})).toEqual([
            ["sent_date", ">=", "2026-03-08"],
        ]);
        expect(rangeDomain({...range, start: "", end: ""})).toEqual([]);
        expect(rangeDomain({...range, start: "", end: "2026-12-31"})).toEqual([
            ["sent_date", "<", "2027-01-01"],
        ]);
    });

    test("today is the user's, not the browser's", () => {
        mockDate("2026-03-08 23:30:00", 0);
        for (const [tz, day] of [
            ["America/New_York", "2026-03-08"],
            ["Asia/Tokyo", "2026-03-09"],
            ["Pacific/Honolulu", "2026-03-08"],
            ["No/Where", "2026-03-08"],
        ]) {
            patchWithCleanup(user, {tz});
            expect(getToday().toISODate()).toBe(day, {message: tz});
        }
    });

    test("ready-made ranges", () => {
        const today = luxon.DateTime.fromISO("2026-02-28");
        const ranges = (field) =>
            Object.fromEntries(
                getPresets(field, today).map(({key, range}) => [
                    key,
                    `${range.field} ${range.start} ${range.end}`,
                ])
            );
        expect(ranges("sent_date")).toEqual({
            appointments_tomorrow: "appointment_start 2026-03-01 2026-03-01",
            today: "sent_date 2026-02-28 2026-02-28",
            last_days: "sent_date 2026-02-22 2026-02-28",
            month: "sent_date 2026-02-01 2026-02-28",
        });
        expect(ranges("appointment_start")).toEqual({
            today: "appointment_start 2026-02-28 2026-02-28",
            tomorrow: "appointment_start 2026-03-01 2026-03-01",
            next_days: "appointment_start 2026-02-28 2026-03-06",
            month: "appointment_start 2026-02-01 2026-02-28",
        });
    });

    test("days in the wrong order are swapped", () => {
        const range = {field: "sent_date", start: "2026-03-09", end: "2026-03-01"};
        expect(orderRange(range)).toEqual([
            {field: "sent_date", start: "2026-03-01", end: "2026-03-09"},
            true,
        ]);
        expect(orderRange({...range, end: ""})[1]).toBe(false);
        expect(orderRange({...range, end: "2026-03-09"})[1]).toBe(false);
    });
});

describe("date control", () => {
    test("typed days are part of the search; clear takes them away", async () => {
        await mountList();
        expect.verifySteps(["list []", "summary []"]);
        await click("#o_fsm_mc_start");
        await edit("03/08/2026", {confirm: "enter"});
        await animationFrame();
        expect.verifySteps(
            [
                'list [["sent_date",">=","2026-03-08"]]',
                'summary [["sent_date",">=","2026-03-08"]]',
            ],
            {ignoreOrder: true}
        );
        expect(facets()).toEqual(["Sent: from 03/08/2026"]);
        await click("#o_fsm_mc_end");
        await edit("03/01/2026", {confirm: "enter"});
        await animationFrame();
        expect(facets()).toEqual(["Sent: 03/01/2026 to 03/08/2026"]);
        expect(queryOne("#o_fsm_mc_start").value).toBe("03/01/2026");
        expect(queryOne("#o_fsm_mc_end").value).toBe("03/08/2026");
        expect(".o_fsm_mc_said").toHaveText(/were swapped/);
        const domain =
            '["&",["sent_date",">=","2026-03-01"],["sent_date","<","2026-03-09"]]';
        expect.verifySteps([`list ${domain}`, `summary ${domain}`], {
            ignoreOrder: true,
        });
        await contains(".o_fsm_mc_clear").click();
        expect(facets()).toEqual([]);
        expect(queryOne("#o_fsm_mc_start").value).toBe("");
        expect(".o_fsm_mc_said").toHaveText("");
        expect.verifySteps(["list []", "summary []"], {ignoreOrder: true});
    });

    test("the other date, and a ready-made range", async () => {
        mockDate("2026-03-08 12:00:00", 0);
        patchWithCleanup(user, {tz: "UTC"});
        await mountList();
        await contains("[data-preset=appointments_tomorrow]").click();
        expect(facets()).toEqual(["Appointment: 03/09/2026"]);
        expect("[data-field=appointment_start]").toHaveAttribute(
            "aria-pressed",
            "true"
        );
        expect("[data-preset=tomorrow]").toHaveAttribute("aria-pressed", "true");
        await contains("[data-field=sent_date]").click();
        expect(facets()).toEqual(["Sent: 03/09/2026"]);
        // Taken away as a facet, the control is empty as well.
        await contains(".o_facet_remove").click();
        expect(queryOne("#o_fsm_mc_start").value).toBe("");
        await contains("[data-preset=today]").click();
        expect(facets()).toEqual(["Sent: 03/08/2026"]);
        await contains("[data-preset=today]").click();
        expect(facets()).toEqual([]);
        expect.verifySteps(
            [
                "list []",
                "summary []",
                ...["appointment_start", "sent_date"].flatMap((name) => {
                    const domain = `["&",["${name}",">=","2026-03-09"],["${name}","<","2026-03-10"]]`;
                    return [`list ${domain}`, `summary ${domain}`];
                }),
                "list []",
                "summary []",
                'list ["&",["sent_date",">=","2026-03-08"],["sent_date","<","2026-03-09"]]',
                'summary ["&",["sent_date",">=","2026-03-08"],["sent_date","<","2026-03-09"]]',
                "list []",
                "summary []",
            ],
            {ignoreOrder: true}
        );
    });
});

describe("tiles", () => {
    test("count, press, release", async () => {
        await mountList();
        expect(queryAllTexts(".o_fsm_mc_count")).toEqual(["1", "10,000+"]);
        const awaiting = ".o_fsm_mc_tile[data-tile=awaiting]";
        const confirmed = ".o_fsm_mc_tile[data-tile=confirmed]";
        expect(confirmed).toHaveAttribute("aria-label", "Confirmed: 10,000+");
        expect(awaiting).toHaveAttribute("aria-pressed", "false");
        expect.verifySteps(["list []", "summary []"]);

        await contains(awaiting).click();
        expect(awaiting).toHaveAttribute("aria-pressed", "true");
        expect(awaiting).toHaveClass("active");
        expect(facets()).toEqual(["Awaiting Response"]);
        expect(marks()).toEqual(["Awaiting response"]);
        // The tiles count as if none were pressed.
        expect.verifySteps(['list [["indicator","=","awaiting"]]', "summary []"], {
            ignoreOrder: true,
        });

        await contains(confirmed).click();
        expect(facets()).toEqual(["Confirmed (Yes)"]);
        await contains(awaiting).click({ctrlKey: true});
        expect(facets()).toEqual(["Confirmed (Yes)\nor\nAwaiting Response"]);
        expect(".o_fsm_mc_tile.active").toHaveCount(2);
        await contains(awaiting).click();
        expect(facets()).toEqual(["Confirmed (Yes)"]);
        await contains(".o_facet_remove").click();
        expect(".o_fsm_mc_tile.active").toHaveCount(0);
        expect(marks()).toHaveLength(INDICATORS.length);
        expect.verifySteps(
            [
                'list [["indicator","=","confirmed"]]',
                "summary []",
                'list ["|",["indicator","=","confirmed"],["indicator","=","awaiting"]]',
                "summary []",
                'list [["indicator","=","confirmed"]]',
                "summary []",
                "list []",
                "summary []",
            ],
            {ignoreOrder: true}
        );
    });

    test("by keyboard", async () => {
        await mountList();
        queryOne(".o_fsm_mc_tile[data-tile=awaiting]").focus();
        await press("Enter");
        await animationFrame();
        expect(facets()).toEqual(["Awaiting Response"]);
        expect.verifySteps(
            [
                "list []",
                "summary []",
                'list [["indicator","=","awaiting"]]',
                "summary []",
            ],
            {ignoreOrder: true}
        );
    });

    test("the way to unmatched replies", async () => {
        mockService("action", {
            doAction(action) {
                expect.step(action);
            },
        });
        await mountList({unmatched: {count: 3, capped: false}});
        expect(".o_fsm_mc_unmatched").toHaveText("3 unmatched replies");
        await contains(".o_fsm_mc_unmatched").click();
        expect.verifySteps([
            "list []",
            "summary []",
            "fieldservice_job_confirmation.fsm_confirmation_reply_action",
        ]);
    });
});

test("banners with a button and with steps", async () => {
    mockService("action", {
        doAction(action) {
            expect.step(action.name);
        },
    });
    const action = (name) => ({type: "ir.actions.act_window", name});
    await mountList({
        banners: [
            {
                level: "danger",
                text: "Texts are not leaving.",
                label: "Look",
                action: action("look"),
            },
            {
                level: "info",
                text: "First steps",
                items: [
                    {done: true, text: "Connect", label: "Go", action: action("a")},
                    {done: false, text: "Send", label: "Go", action: action("b")},
                ],
            },
        ],
    });
    expect(".o_fsm_mc_banner").toHaveCount(2);
    expect(".o_fsm_mc_banner.alert-danger").toHaveAttribute("role", "alert");
    expect(".o_fsm_mc_banner.alert-danger").toHaveText(/Texts are not leaving/);
    await contains(".alert-danger button").click();
    // What is done has no button.
    expect(".o_fsm_mc_steps button").toHaveCount(1);
    await contains(".o_fsm_mc_steps button").click();
    expect.verifySteps(["list []", "summary []", "look", "b"]);
});

describe("live update", () => {
    /** The list, with the bus connected. */
    async function mountLive() {
        await mountList();
        const bus = getService("bus_service");
        startBusService();
        bus.addChannel("message_center");
        await waitForChannels(["message_center"]);
        await runAllTimers();
        await animationFrame();
        expect.verifySteps(["list []", "summary []"]);
    }

    const READ = ["list []", "summary []"];

    async function change() {
        const read = new Promise((resolve) => {
            const done = () => {
                getService("bus_service").unsubscribe("fsm_confirmation/changed", done);
                resolve();
            };
            getService("bus_service").subscribe("fsm_confirmation/changed", done);
        });
        MockServer.env["bus.bus"]._sendone(
            "message_center",
            "fsm_confirmation/changed",
            {ids: [1], order_ids: [], partner_ids: []}
        );
        await read;
    }

    async function pass() {
        await runAllTimers();
        await animationFrame();
    }

    test("many changes at once are one refresh of list and tiles", async () => {
        await mountLive();
        await change();
        await change();
        await change();
        await pass();
        expect.verifySteps(READ, {ignoreOrder: true});
    });

    test("selected rows stay selected; the list is read afterwards", async () => {
        await mountLive();
        await contains(".o_data_row:eq(1) .o_list_record_selector input").click();
        await change();
        await pass();
        expect.verifySteps(["summary []"]);
        expect(".o_data_row_selected").toHaveCount(1);
        await contains(".o_data_row:eq(1) .o_list_record_selector input").click();
        await pass();
        expect.verifySteps(["list []"]);
    });

    test("a screen that is left before it was shown reads nothing", async () => {
        class Slow extends Component {
            static template = xml`<div class="slow"/>`;
            static props = {};
            setup() {
                useConfirmationChanges(() => expect.step("read"));
                onWillStart(() => {
                    expect.step("starts");
                    return new Deferred();
                });
            }
        }
        class Screen extends Component {
            static template = xml`<Slow t-if="state.shown"/>`;
            static components = {Slow};
            static props = {};
            setup() {
                this.state = useState({shown: false});
            }
        }
        await mountLive();
        const screen = await mountWithCleanup(Screen);
        screen.state.shown = true;
        await animationFrame();
        screen.state.shown = false;
        await animationFrame();
        await change();
        await pass();
        expect.verifySteps(["starts", ...READ], {ignoreOrder: true});
    });

    test("after a lost connection everything is read again", async () => {
        await mountLive();
        const back = new Promise((resolve) =>
            getService("bus_service").addEventListener("BUS:RECONNECT", resolve)
        );
        MockServer.env["bus.bus"]._simulateDisconnection(
            WEBSOCKET_CLOSE_CODES.ABNORMAL_CLOSURE
        );
        await animationFrame();
        await pass();
        await back;
        await pass();
        expect.verifySteps(READ, {ignoreOrder: true});
    });

    test("a search while the server was away is made up for", async () => {
        await mountLive();
        let away = true;
        onRpc("fsm.confirmation", "web_search_read", () => {
            if (away) {
                expect.step("away");
                // As a request that gets no answer: neither done nor refused.
                return new Promise(() => null);
            }
        });
        await contains(".o_fsm_mc_tile[data-tile=awaiting]").click();
        expect(".o_data_row").toHaveCount(INDICATORS.length);
        away = false;
        await change();
        await pass();
        await animationFrame();
        expect(facets()).toEqual(["Awaiting Response"]);
        expect(marks()).toEqual(["Awaiting response"]);
        expect.verifySteps(
            ["away", "summary []", 'list [["indicator","=","awaiting"]]', "summary []"],
            {ignoreOrder: true}
        );
    });
});

test("Tab goes on from the search bar to the tiles, unless something is typed", async () => {
    await mountList();
    await contains(".o_searchview_input").focus();
    await press("Tab");
    expect(".o_searchview_input").not.toBeFocused();
    await contains(".o_searchview_input").edit("Mar", {confirm: false});
    await press("Tab");
    expect(".o_searchview_input").toBeFocused();
    expect.verifySteps(["list []", "summary []"]);
});

test("days are in the order of the list: the newest first", async () => {
    onRpc("fsm.confirmation", "web_read_group", ({kwargs}) => {
        expect.step(`${kwargs.groupby} ${kwargs.order}`);
    });
    await mountList({}, {groupBy: ["sent_date:day"]});
    expect.verifySteps(["summary []", "sent_date:day sent_date:day DESC"], {
        ignoreOrder: true,
    });
});

test("other groups keep their own order", async () => {
    onRpc("fsm.confirmation", "web_read_group", ({kwargs}) => {
        expect.step(`${kwargs.groupby} ${kwargs.order}`);
    });
    await mountList({}, {groupBy: ["indicator"]});
    expect.verifySteps(["summary []", "indicator "], {ignoreOrder: true});
});

test("a date and time is shown whole, however many columns there are", async () => {
    FsmConfirmation._records[0].sent_date = "2026-11-25 22:58:00";
    mockDate("2026-11-26 12:00:00");
    const filler = `<field name="name" width="300px"/>`;
    await mountList(
        {},
        {
            arch: `
                <list js_class="fsm_confirmation_list">
                    ${filler.repeat(6)}
                    <field name="sent_date" widget="fsm_confirmation_datetime"/>
                </list>`,
        }
    );
    const cell = queryOne(".o_data_row:first td[name=sent_date]");
    expect(cell.scrollWidth).toBe(cell.clientWidth);
    expect.verifySteps(["list []", "summary []"]);
});

test("nothing found says why, and clears the search", async () => {
    FsmConfirmation._records = [];
    await mountList({}, {noContentHelp: "No texts sent yet"});
    expect(".o_view_nocontent").toHaveText("No texts sent yet");
    await contains(".o_fsm_mc_tile[data-tile=awaiting]").click();
    expect(".o_view_nocontent").toHaveText(/No messages match this search/);
    await contains(".o_fsm_mc_clear_search").click();
    expect(facets()).toEqual([]);
    expect(".o_view_nocontent").toHaveText("No texts sent yet");
    expect.verifySteps(
        [
            "list []",
            "summary []",
            'list [["indicator","=","awaiting"]]',
            "summary []",
            "list []",
            "summary []",
        ],
        {ignoreOrder: true}
    );
});

test("every status is in the table of looks, and no bar lacks its color", () => {
    for (const [status] of INDICATORS) {
        expect(STATUS_LOOKS[status].chart).toMatch(/^#/);
    }
});

test("a status has an icon and its word, and its own look", async () => {
    await mountList();
    const found = queryAll(".o_data_row .o_fsm_confirmation_status");
    expect(marks()).toEqual(INDICATORS.map(([, label]) => label));
    const looks = found.map(
        (el) => `${el.className} ${el.querySelector("i").className}`
    );
    expect(new Set(looks).size).toBe(INDICATORS.length);
    expect(".o_fsm_confirmation_status i[aria-label='Unread reply']").toHaveCount(1);
    expect.verifySteps(["list []", "summary []"]);
});
