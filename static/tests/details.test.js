import {animationFrame, mockTimeZone} from "@odoo/hoot-mock";
import {click, queryAll, queryAllTexts, queryFirst} from "@odoo/hoot-dom";
import {
    contains,
    defineModels,
    fields,
    getService,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {expect, test} from "@odoo/hoot";
import {WebClient} from "@web/webclient/webclient";
import {conversationRows} from "@fieldservice_job_confirmation/details/conversation.esm";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {withNeighbors} from "@fieldservice_job_confirmation/shared/neighbors.esm";

class FsmConfirmation extends models.Model {
    _name = "fsm.confirmation";

    name = fields.Char();
    next_steps = fields.Json();

    _records = [
        {
            id: 1,
            name: "MSG00001",
            next_steps: [
                {
                    key: "resolve",
                    label: "Correct Response",
                    icon: "fa-pencil",
                    primary: true,
                    stays: true,
                },
                {
                    key: "mark_read",
                    label: "Mark as Read",
                    icon: "fa-check",
                    primary: false,
                    stays: false,
                },
            ],
        },
    ];
}

class FsmConfirmationSettle extends models.Model {
    _name = "fsm.confirmation.settle";

    note = fields.Char();

    _views = {
        form: `<form><field name="note"/></form>`,
    };
}

defineMailModels();
defineModels([FsmConfirmation, FsmConfirmationSettle]);

const SENT = {
    key: "message-1",
    kind: "sent",
    date: "2024-05-07 13:00:00",
    author: "Eddie",
    text: "Reply YES to confirm or NO to decline.",
    name: "MSG00001",
    state: "delivered",
    state_label: "Delivered",
    problem: "",
    closed: "",
    is_current: true,
};
const RECEIVED = {
    key: "reply-1",
    kind: "received",
    date: "2024-05-08 01:00:00",
    author: "Maria Gomez",
    text: "<b>yes</b> <img src=x onerror=alert(1)>",
    reply_id: 1,
    intent: "unrecognized",
    intent_label: "Unrecognized",
    why: "Contains unknown words",
    pictures: "",
    is_matched: true,
};
const ANSWERED = {
    key: "answer-1",
    kind: "answered",
    date: "2024-05-08 01:00:00",
    author: "Auto-reply",
    text: "Sorry, we did not understand.",
};
const NOTE = {
    key: "note-1",
    kind: "note",
    date: "2024-05-08 14:00:00",
    author: "Eddie",
    text: "response changed from Unrecognized to Confirmed.",
};

const ARCH = `
    <form edit="0">
        <sheet>
            <field name="name"/>
            <widget name="fsm_confirmation_conversation"/>
            <field name="next_steps" widget="fsm_confirmation_next_steps"/>
        </sheet>
    </form>`;

function mountDetails() {
    return mountView({
        type: "form",
        resModel: "fsm.confirmation",
        resId: 1,
        arch: ARCH,
    });
}

test("the messages before and after it, in a dialog", async () => {
    onRpc("get_conversation", () => ({events: [], has_earlier: false}));
    FsmConfirmation._records = [
        {id: 1, name: "MSG00001", next_steps: []},
        {id: 2, name: "MSG00002", next_steps: []},
    ];
    FsmConfirmation._views = {
        form: `
            <form edit="0">
                <field name="name"/>
                <widget name="fsm_confirmation_pager"/>
            </form>`,
    };
    await mountWithCleanup(WebClient);
    const action = {
        type: "ir.actions.act_window",
        res_model: "fsm.confirmation",
        res_id: 1,
        views: [[false, "form"]],
        target: "new",
    };
    const rows = [1, 2].map((resId) => ({resModel: "fsm.confirmation", resId}));
    const record = {model: {root: {records: rows}}};
    await getService("action").doAction(action, withNeighbors(action, record));
    expect(".modal .o_fsm_pager").toHaveText("1 / 2");
    expect("[aria-label='Previous message']").not.toBeEnabled();
    await contains("[aria-label='Next message']").click();
    expect(".modal .o_field_widget[name=name]").toHaveText("MSG00002");
    expect(".modal .o_fsm_pager").toHaveText("2 / 2");
});

test("a new day begins where the user lives", () => {
    mockTimeZone(-4);
    const rows = conversationRows([SENT, RECEIVED, ANSWERED, NOTE]);
    // 01:00 UTC is still the evening before, four hours behind.
    expect(rows.map((row) => row.kind)).toEqual([
        "day",
        "sent",
        "received",
        "answered",
        "day",
        "note",
    ]);
    expect(rows[0].text).toInclude("May 7");
    expect(rows[0].text).toInclude("2024");
    expect(rows[4].text).toInclude("May 8");
    expect(rows[2].time).toInclude("9:00");
    const keys = rows.map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
});

test("nothing said yet gives no rows", () => {
    expect(conversationRows([])).toEqual([]);
});

test("ours right, theirs left, words as text, signs beside colors", async () => {
    onRpc("get_conversation", () => ({
        events: [SENT, RECEIVED, ANSWERED, NOTE],
        has_earlier: false,
    }));
    await mountDetails();
    expect(".o_fsm_conversation_ours").toHaveCount(2);
    expect(".o_fsm_conversation_theirs").toHaveCount(1);
    expect(".o_fsm_conversation_note").toHaveCount(1);
    // What a customer writes never becomes part of the page.
    expect(".o_fsm_conversation_theirs img").toHaveCount(0);
    expect(".o_fsm_conversation_theirs .o_fsm_conversation_bubble").toHaveText(
        RECEIVED.text
    );
    for (const bubble of queryAll(".o_fsm_conversation_bubble")) {
        expect(bubble).toHaveAttribute("dir", "auto");
    }
    expect(".o_fsm_conversation_delivery").toHaveText("Delivered");
    expect(".o_fsm_conversation_ticks .fa-check").toHaveCount(2);
    expect("[data-intent=unrecognized]").toHaveText("Unrecognized");
    expect("[data-intent=unrecognized] .fa").toHaveCount(1);
    expect(".o_fsm_conversation_automatic").toHaveCount(1);
});

test("a failed text says why", async () => {
    onRpc("get_conversation", () => ({
        events: [
            {
                ...SENT,
                state: "failed",
                state_label: "Failed",
                problem: "The phone is off or out of reach.",
            },
        ],
        has_earlier: false,
    }));
    await mountDetails();
    expect(".o_fsm_conversation_delivery").toHaveText("Failed");
    expect(".o_fsm_conversation_problem").toHaveText(
        "The phone is off or out of reach."
    );
});

test("earlier events are asked for, and only on demand", async () => {
    const limits = [];
    onRpc("get_conversation", ({kwargs}) => {
        limits.push(kwargs.limit);
        const count = Math.min(kwargs.limit, 60);
        const events = [...Array(count).keys()].map((index) => ({
            ...RECEIVED,
            key: `reply-${60 - count + index}`,
            text: `hm ${60 - count + index}`,
        }));
        return {events, has_earlier: kwargs.limit < 60};
    });
    await mountDetails();
    expect(".o_fsm_conversation_theirs").toHaveCount(40);
    expect(".o_fsm_conversation_theirs:last").toHaveText(/hm 59/);
    await contains(".o_fsm_conversation_earlier").click();
    expect(".o_fsm_conversation_theirs").toHaveCount(60);
    expect(".o_fsm_conversation_theirs:first").toHaveText(/hm 0/);
    expect(".o_fsm_conversation_earlier").toHaveCount(0);
    expect(limits).toEqual([40, 80]);
});

test("a step that is done at once reads everything again", async () => {
    let asked = 0;
    onRpc("get_conversation", () => {
        asked += 1;
        return {events: asked > 1 ? [SENT, RECEIVED] : [SENT], has_earlier: false};
    });
    onRpc("action_next_step", ({args}) => {
        expect.step(args[1]);
        return false;
    });
    await mountDetails();
    expect(queryAllTexts(".o_fsm_next_steps button")).toEqual([
        "Correct Response",
        "Mark as Read",
    ]);
    expect(queryFirst(".o_fsm_next_steps button")).toHaveClass("btn-primary");
    await contains("[data-step=mark_read]").click();
    expect.verifySteps(["mark_read"]);
    expect(".o_fsm_conversation_theirs").toHaveCount(1);
});

test("two quick clicks take a step once", async () => {
    let finish = null;
    onRpc("get_conversation", () => ({events: [SENT], has_earlier: false}));
    onRpc("action_next_step", ({args}) => {
        expect.step(args[1]);
        return new Promise((resolve) => {
            finish = () => resolve(false);
        });
    });
    await mountDetails();
    click("[data-step=mark_read]");
    click("[data-step=mark_read]");
    await animationFrame();
    expect("[data-step=resolve]").toHaveAttribute("disabled");
    finish();
    await animationFrame();
    expect.verifySteps(["mark_read"]);
});

test("an answer is corrected above the dialog, which stays", async () => {
    onRpc("get_conversation", () => ({events: [SENT], has_earlier: false}));
    onRpc("action_next_step", () => ({
        type: "ir.actions.act_window",
        name: "Correct Response",
        res_model: "fsm.confirmation.settle",
        context: {default_note: "she called"},
    }));
    onRpc("fsm.confirmation.settle", "action_apply", () => {
        expect.step("applied");
        return false;
    });
    await mountDetails();
    await contains("[data-step=resolve]").click();
    expect(".modal [name=note] input").toHaveValue("she called");
    await contains(".modal .o_form_button_save").click();
    expect.verifySteps(["applied"]);
    expect(".modal").toHaveCount(0);
    expect(".o_fsm_conversation").toHaveCount(1);
});
