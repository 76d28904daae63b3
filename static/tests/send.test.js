import {
    MockServer,
    contains,
    defineModels,
    fields,
    getService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {animationFrame, runAllTimers} from "@odoo/hoot-mock";
import {expect, test} from "@odoo/hoot";
import {startBusService, waitForChannels} from "@bus/../tests/bus_test_helpers";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {queryAllTexts} from "@odoo/hoot-dom";

const BLOCKED = {
    level: "block",
    text: "Maria has no phone number.",
    actions: [
        {key: "open_contact", label: "Open the Contact"},
        {key: "choose_contact", label: "Choose Another Contact"},
    ],
};
const WARNED = {level: "warn", text: "Maria already confirmed.", actions: []};

class Contact extends models.Model {
    _name = "contact";

    name = fields.Char();

    _records = [
        {id: 1, name: "Maria"},
        {id: 2, name: "Juan"},
    ];
    _views = {form: `<form><field name="name"/></form>`};
}

class FsmConfirmationSend extends models.Model {
    _name = "fsm.confirmation.send";

    order_id = fields.Many2one({relation: "contact"});
    partner_id = fields.Many2one({relation: "contact"});
    alerts = fields.Json();
    body = fields.Text();
    sender_display = fields.Char();
    segment_info = fields.Char();

    _records = [
        {
            id: 1,
            partner_id: 1,
            alerts: [BLOCKED, WARNED],
            body: "<i>Reply YES</i>\nor NO",
            sender_display: "(202) 555-0100",
            segment_info: "20 characters, 1 SMS segment",
        },
        {
            id: 2,
            order_id: 2,
            partner_id: 1,
            alerts: false,
            body: false,
            sender_display: "Acme",
        },
    ];
}

defineMailModels();
defineModels([Contact, FsmConfirmationSend]);

const ARCH = `
    <form disable_autofocus="1">
        <field name="alerts" widget="fsm_confirmation_alerts"/>
        <field name="order_id" invisible="1"/>
        <field name="partner_id"/>
        <field name="body" widget="fsm_confirmation_phone" readonly="1"/>
        <button name="action_send" type="object" string="Send" invisible="alerts"/>
    </form>`;

function mountSend(resId) {
    return mountView({
        type: "form",
        resModel: "fsm.confirmation.send",
        resId,
        arch: ARCH,
    });
}

test("every alert has its sentence, sign and actions", async () => {
    await mountSend(1);
    expect(".o_fsm_alerts .alert").toHaveCount(2);
    expect(".alert-danger .fa-ban").toHaveCount(1);
    expect(".alert-warning .fa-exclamation-triangle").toHaveCount(1);
    expect(queryAllTexts(".alert-danger button")).toEqual([
        "Open the Contact",
        "Choose Another Contact",
    ]);
    expect(".alert-warning button").toHaveCount(0);
});

test("the phone shows the text as text, with its sender and size", async () => {
    await mountSend(1);
    expect(".o_fsm_phone_sender").toHaveText("(202) 555-0100");
    expect(".o_fsm_phone .o_fsm_confirmation_bubble").toHaveText(
        "<i>Reply YES</i>\nor NO"
    );
    expect(".o_fsm_phone i:not(.fa)").toHaveCount(0);
    expect(".o_fsm_phone_size").toHaveText("20 characters, 1 SMS segment");
});

test("without a text the phone says what is missing", async () => {
    await mountSend(2);
    expect(".o_fsm_phone .o_fsm_confirmation_bubble").toHaveCount(0);
    expect(".o_fsm_phone_empty").toHaveCount(1);
    expect(".o_fsm_phone_size").toHaveCount(0);
});

test.tags("desktop");
test("the focus is on Send when the text is ready", async () => {
    await mountSend(2);
    await runAllTimers();
    expect("button[name=action_send]").toBeFocused();
});

test.tags("desktop");
test("the focus is on the contact when something blocks", async () => {
    await mountSend(1);
    await runAllTimers();
    expect("[name=partner_id] input").toBeFocused();
});

test.tags("desktop");
test("choosing another contact opens the list of contacts", async () => {
    await mountSend(1);
    await contains("[data-action=choose_contact]").click();
    await runAllTimers();
    expect("[name=partner_id] input").toBeFocused();
    expect(".o-autocomplete--dropdown-menu").toHaveCount(1);
});

test("after the contact was fixed the dialog reads itself again", async () => {
    onRpc("action_resolve_alert", ({args}) => {
        expect.step(args[1]);
        return {
            type: "ir.actions.act_window",
            name: "Maria",
            res_model: "contact",
            res_id: 1,
            target: "new",
            context: {},
        };
    });
    onRpc("action_refresh", function () {
        expect.step("refresh");
        this.env["fsm.confirmation.send"].write([1], {alerts: false});
        return true;
    });
    onRpc("fsm.confirmation.send", "web_read", () => expect.step("read"));
    await mountSend(1);
    expect.verifySteps(["read"]);
    await contains("[data-action=open_contact]").click();
    await animationFrame();
    expect(".modal [name=name] input").toHaveValue("Maria");
    await contains(".modal [name=name] input").edit("Maria G.");
    await contains(".modal .o_form_button_save").click();
    await animationFrame();
    expect.verifySteps(["open_contact", "refresh", "read"]);
    expect(".modal").toHaveCount(0);
});

async function change(payload) {
    const bus = getService("bus_service");
    const heard = new Promise((resolve) => {
        const done = () => {
            bus.unsubscribe("fsm_confirmation/changed", done);
            resolve();
        };
        bus.subscribe("fsm_confirmation/changed", done);
    });
    MockServer.env["bus.bus"]._sendone("texts", "fsm_confirmation/changed", payload);
    await heard;
    await runAllTimers();
    await animationFrame();
}

test("what others do meanwhile is said before Send", async () => {
    onRpc("action_refresh", function ({args}) {
        expect.step(`refresh ${args[0]}`);
        this.env["fsm.confirmation.send"].write(args[0], {alerts: [WARNED]});
        return true;
    });
    await mountSend(2);
    startBusService();
    getService("bus_service").addChannel("texts");
    await waitForChannels(["texts"]);
    await change({ids: [8], order_ids: [7], partner_ids: [7]});
    expect.verifySteps([]);
    await change({ids: [9], order_ids: [2], partner_ids: [7]});
    expect.verifySteps(["refresh 2"]);
    expect(".alert-warning").toHaveText("Maria already confirmed.");
    await change({ids: [9], order_ids: [7], partner_ids: [1]});
    expect.verifySteps(["refresh 2"]);
});
