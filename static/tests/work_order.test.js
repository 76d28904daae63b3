import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {expect, test} from "@odoo/hoot";
import {animationFrame} from "@odoo/hoot-mock";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";

class Order extends models.Model {
    _name = "order";

    name = fields.Char();
    confirmation_status = fields.Selection({
        selection: [
            ["not_sent", "Not sent"],
            ["awaiting", "Awaiting response"],
            ["confirmed", "Confirmed"],
        ],
    });

    _records = [{id: 1, name: "FO001", confirmation_status: "awaiting"}];
}

defineMailModels();
defineModels([Order]);

const FIELD = `<field name="confirmation_status" widget="fsm_confirmation_status_select" READONLY/>`;

function mountOrder(readonly = "", form = "<form>") {
    const field = FIELD.replace("READONLY", readonly);
    return mountView({
        type: "form",
        resModel: "order",
        resId: 1,
        arch: `${form}<header>${field}</header><field name="name"/></form>`,
    });
}

test("the mark opens a list of all statuses, and a click saves one", async () => {
    onRpc("order", "web_save", ({args}) => expect.step(args[1]));
    await mountOrder();
    expect(".o_fsm_status_toggle [data-status=awaiting]").toHaveText(
        "Awaiting response"
    );
    await contains(".o_fsm_status_toggle").click();
    expect(".o_fsm_status_option").toHaveCount(3);
    expect(".o_fsm_status_option .fa").toHaveCount(3);
    await contains(".o_fsm_status_option:has([data-status=confirmed])").click();
    await animationFrame();
    expect.verifySteps([{confirmation_status: "confirmed"}]);
    expect(".o_fsm_status_toggle [data-status=confirmed]").toHaveCount(1);
});

test("choosing the same status again saves nothing", async () => {
    onRpc("order", "web_save", () => expect.step("saved"));
    await mountOrder();
    await contains(".o_fsm_status_toggle").click();
    await contains(".o_fsm_status_option:has([data-status=awaiting])").click();
    await animationFrame();
    expect.verifySteps([]);
});

test("where the view says read only there is a mark and no list", async () => {
    await mountOrder('readonly="1"');
    expect(".o_fsm_status_toggle").toHaveCount(0);
    expect("[data-status=awaiting]").toHaveText("Awaiting response");
});

test("whoever can't change the form can still set the response", async () => {
    onRpc("order", "web_save", () => expect.step("saved the form"));
    onRpc("order", "write", ({args}) => expect.step(args));
    await mountOrder("", '<form edit="0">');
    await contains(".o_fsm_status_toggle").click();
    await contains(".o_fsm_status_option:has([data-status=confirmed])").click();
    await animationFrame();
    expect.verifySteps([[[1], {confirmation_status: "confirmed"}]]);
});
