/**
 * Takes the README's pictures: sends a text as the dispatcher, answers it on the
 * phone, and shows every screen on the way. Called by dev/screenshots.
 *
 * Arguments: address of Odoo, address of the simulator, folder, path of Chromium.
 */
const fs = require("fs");
const path = require("path");
const {chromium} = require("playwright-core");

const [odoo, phone, folder, executablePath] = process.argv.slice(2);
const CUSTOMER = "Emily Smith";
const MODULE = "fieldservice_job_confirmation";
const ORDERS = "action-fieldservice.action_fsm_operation_order";
const MESSAGES = `${odoo}/odoo/action-${MODULE}.fsm_confirmation_action`;
const LOGIN = "mc_edit"; // The dispatcher; the password is the login
const DESKTOP = {width: 1400, height: 900};
const MOBILE = {width: 390, height: 844};
const MAIN_LOOP = path.join(__dirname, "main_loop.html");

async function picture(page, name, options = {}) {
    // Odoo's animations and fonts need a moment; a page of it is never "idle".
    await page.evaluate(() => document.fonts.ready);
    const bot = page.locator("[title^='Close Chat Window']").first();
    if (await bot.isVisible()) {
        await bot.click(); // OdooBot greets a new user.
    }
    await page.waitForTimeout(800);
    const file = path.join(folder, `screenshot_${name}.png`);
    await page.screenshot({path: file, animations: "disabled", ...options});
    console.log(file);
}

async function logIn(browser, options) {
    const context = await browser.newContext({
        timezoneId: "America/New_York",
        locale: "en-US",
        ...options,
    });
    const page = await context.newPage();
    await page.goto(`${odoo}/web/login`);
    await page.fill("input[name=login]", LOGIN);
    await page.fill("input[name=password]", LOGIN);
    await page.click(".oe_login_form button[type=submit]");
    await page.waitForSelector(".o_web_client");
    return page;
}

/** One call of a model's method, as the user of this page. */
async function call(page, model, method, args, kwargs = {}) {
    const response = await page.request.post(
        `${odoo}/web/dataset/call_kw/${model}/${method}`,
        {data: {jsonrpc: "2.0", params: {model, method, args, kwargs}}}
    );
    const {result, error} = await response.json();
    if (error) {
        throw new Error(error.data.message);
    }
    return result;
}

/** The customer's next Work Order, one that was not asked about if there is one. */
async function findOrder(page) {
    const today = new Date().toISOString().slice(0, 19).replace("T", " ");
    const orders = await call(
        page,
        "fsm.order",
        "search_read",
        [
            [
                ["location_id.contact_id.name", "=", CUSTOMER],
                ["stage_id.is_closed", "=", false],
                ["scheduled_date_start", ">", today],
                ["visit_ids", "=", false],
            ],
            ["confirmation_status"],
        ],
        {order: "scheduled_date_start"}
    );
    const fresh = orders.find((order) => order.confirmation_status === "not_sent");
    if (!orders.length) {
        throw new Error(`${CUSTOMER} has no Work Order to come. Run dev/demo --fresh.`);
    }
    return (fresh || orders[0]).id;
}

async function send(page, id) {
    await page.goto(`${odoo}/odoo/${ORDERS}/${id}`);
    await page.click("button[name=action_send_confirmation]");
    await page.waitForSelector(".modal .o_fsm_confirmation_bubble");
    await picture(page, "send");
    await page.click(".modal button[name=action_send]");
    await page.waitForSelector(".modal", {state: "detached"});
    await page.waitForSelector(
        `.o-mail-Message:has-text("Text message to ${CUSTOMER}")`
    );
}

async function answer(browser) {
    const context = await browser.newContext({
        viewport: {width: 1000, height: 720},
        timezoneId: "America/New_York",
        locale: "en-US",
        colorScheme: "light",
    });
    const page = await context.newPage();
    await page.goto(phone);
    await page.click(`.item:has-text("${CUSTOMER}")`);
    await page.waitForSelector(".text:not(.mine) .bubble:has-text('appointment')");
    await page.fill("#body", "Yes, see you then!");
    await page.click("#compose button[type=submit]");
    await page.waitForSelector(".text:not(.mine) .bubble:has-text('is confirmed')");
    await picture(page, "phone");
    await context.close();
}

/** One wide picture of the pictures before: the click, the phone, the Message Center. */
async function mainLoop(browser) {
    const page = await browser.newPage({viewport: {width: 1800, height: 640}});
    const html = fs.readFileSync(MAIN_LOOP, "utf8");
    const inline = (_match, name) => {
        const data = fs.readFileSync(path.join(folder, name), "base64");
        return `url(data:image/png;base64,${data})`;
    };
    await page.setContent(html.replace(/url\((screenshot_\w+\.png)\)/g, inline));
    const file = path.join(folder, "screenshot_main_loop.png");
    await page.screenshot({path: file});
    console.log(file);
}

async function main() {
    const browser = await chromium.launch({executablePath});
    try {
        const page = await logIn(browser, {viewport: DESKTOP});
        await send(page, await findOrder(page));
        await answer(browser);
        await page.waitForSelector(".o-mail-Message:has-text('Understood as: Yes')");
        await page.setViewportSize({width: 1400, height: 1150});
        await picture(page, "work_order");
        await page.setViewportSize(DESKTOP);

        await page.goto(MESSAGES);
        await page.waitForSelector(".o_data_row .o_fsm_look_confirmed");
        await picture(page, "message_center");
        await page.click(".o_data_row .o_fsm_confirmation_link >> nth=0");
        await page.waitForSelector(".modal .o_fsm_conversation_theirs:has-text('Yes')");
        await picture(page, "details");

        const mobile = await logIn(browser, {
            viewport: MOBILE,
            isMobile: true,
            hasTouch: true,
        });
        await mobile.goto(MESSAGES);
        await mobile.waitForSelector(".o_kanban_record .o_fsm_look_confirmed");
        await picture(mobile, "mobile");
        await mainLoop(browser);
    } finally {
        await browser.close();
    }
}

main().catch((error) => {
    console.error(error.message);
    process.exit(1);
});
