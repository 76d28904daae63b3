/* License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl). */
// The customers' phones: lists the conversations of the simulator, shows one, and
// texts as the customer. Every text is put in with textContent, never as HTML.
"use strict";

const find = (id) => document.getElementById(id);
const [app, list, texts, input] = ["app", "list", "texts", "body"].map(find);

let numbers = [];
let conversations = [];
let open = null; // {customer, ours} of the conversation that is shown
const bubbles = new Map(); // SID -> its element in the open conversation

async function ask(path, values) {
    const options = values && {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(values),
    };
    const answer = await fetch(`/_simulator/${path}`, options);
    const value = await answer.json();
    if (!answer.ok) {
        throw new Error(value.error);
    }
    return value;
}

// Words

function formatNumber(number) {
    return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 ($1) $2-$3");
}

function ourName(number) {
    const known = numbers.find((item) => item.number === number);
    const name = known && known.name !== number ? `${known.name} · ` : "";
    return name + formatNumber(number);
}

const TIME = {hour: "numeric", minute: "2-digit"};
const DAY = {weekday: "long", day: "numeric", month: "long"};
const SHORT = {day: "numeric", month: "short"};

function format(seconds, form) {
    return new Date(seconds * 1000).toLocaleString([], form);
}

function formatShort(seconds) {
    const day = format(seconds, SHORT);
    return day === format(Date.now() / 1000, SHORT) ? format(seconds, TIME) : day;
}

const STATUS = {
    queued: "On its way",
    accepted: "On its way",
    sending: "On its way",
    undelivered: "Not delivered",
};

const isLost = (text) => ["undelivered", "failed"].includes(text.status);

function describeStatus(text) {
    const time = format(text.time, TIME);
    if (text.mine) {
        const words = {pending: " · Telling Odoo…", ok: " · Odoo has it"};
        return time + (words[text.webhook.state] || "");
    }
    const known = text.status[0].toUpperCase() + text.status.slice(1);
    let status = STATUS[text.status] || known;
    if (isLost(text) && text.error_code) {
        status += `: ${text.error_message} (${text.error_code})`;
    }
    const by = text.origin === "twilio" ? " · answered by Twilio itself" : "";
    return `${time} · ${status}${by}`;
}

function setText(node, text) {
    // Without this, a screen reader would read what did not change again.
    if (node.textContent !== text) {
        node.textContent = text;
    }
}

// A copy of one of the page's templates, with texts by class
function copy(template, words) {
    const node = find(template).content.firstElementChild.cloneNode(true);
    for (const [name, text] of Object.entries(words)) {
        node.querySelector(`.${name}`).textContent = text;
    }
    return node;
}

// The list

const keyOf = (item) => `${item.customer},${item.ours}`;
const seen = JSON.parse(localStorage.getItem("seen") || "{}"); // key -> last time

function drawList() {
    const wanted = find("filter").value.trim().toLowerCase();
    const digits = wanted.replace(/\D/g, "");
    const focused = document.activeElement.dataset.key;
    const rows = conversations.filter(
        (item) =>
            item.name.toLowerCase().includes(wanted) ||
            (digits && item.customer.includes(digits))
    );
    list.replaceChildren(...rows.map(drawItem));
    find("list-empty").hidden = conversations.length > 0;
    focusItem(focused);
}

function focusItem(key) {
    const buttons = [...list.querySelectorAll("button")];
    const button = buttons.find((item) => key && item.dataset.key === key);
    button?.focus({preventScroll: true});
}

function drawItem(item) {
    const key = keyOf(item);
    const number = formatNumber(item.customer);
    const last = item.texts.at(-1);
    const entry = copy("item", {
        face: item.name ? [...item.name][0] : "#",
        "item-name": item.name || number,
        "item-time": last ? formatShort(last.time) : "",
        "item-last": last ? describeLast(item, last) : item.name ? number : "No texts yet",
    });
    const button = entry.querySelector("button");
    const shown = Boolean(open) && keyOf(open) === key;
    const unread = last && !last.mine && !shown && !(seen[key] >= last.time);
    button.dataset.key = key;
    button.setAttribute("aria-current", shown);
    button.classList.toggle("unread", unread);
    entry.querySelector(".new").hidden = !unread;
    button.addEventListener("click", () => choose(item.customer, item.ours));
    return entry;
}

function describeLast(item, last) {
    const words = (last.mine ? "Customer: " : "") + (last.media ? "📷 " : "");
    const ours = numbers.length > 1 ? ` · ${ourName(item.ours)}` : "";
    return words + (last.body || "(no text)") + ours;
}

// One conversation

function drawPhone(conversation) {
    const {blocked, customer, kind_text, name} = conversation;
    const atEnd = texts.scrollHeight - texts.scrollTop - texts.clientHeight < 60;
    const details = [name && formatNumber(customer), kind_text];
    details.push(numbers.length > 1 && `texts with ${ourName(conversation.ours)}`);
    setText(find("who-name"), name || formatNumber(customer));
    setText(find("who-detail"), details.filter(Boolean).join(" · "));
    find("blocked").hidden = find("start").hidden = !blocked;
    find("stop").hidden = blocked;
    const known = new Set(conversation.texts.map((text) => text.sid));
    if ([...bubbles.keys()].some((sid) => !known.has(sid))) {
        clearTexts(); // the simulator was reset
    }
    const before = bubbles.size;
    conversation.texts.forEach(drawText);
    if (bubbles.size > before && (atEnd || texts.dataset.fresh)) {
        texts.scrollTop = texts.scrollHeight;
    }
    delete texts.dataset.fresh;
    const last = conversation.texts.at(-1);
    if (last && document.visibilityState === "visible") {
        seen[keyOf(conversation)] = last.time;
        localStorage.setItem("seen", JSON.stringify(seen));
    }
}

function clearTexts() {
    bubbles.clear();
    texts.replaceChildren();
    texts.dataset.day = "";
    texts.dataset.fresh = "yes";
}

function drawText(text) {
    const node = bubbles.get(text.sid) || makeBubble(text);
    const pictures = text.media ? `📷 ${text.media} attached\n` : "";
    const hint = node.querySelector(".hint");
    const bubble = (pictures + text.body).trimEnd() || "(no text)";
    setText(node.querySelector(".bubble"), bubble);
    setText(node.querySelector(".meta"), describeStatus(text));
    setText(hint, text.webhook?.hint || "");
    hint.hidden = !hint.textContent;
    node.classList.toggle("lost", isLost(text));
}

function makeBubble(text) {
    const day = format(text.time, DAY);
    if (texts.dataset.day !== day) {
        texts.append(copy("day", {"day-name": day}));
        texts.dataset.day = day;
    }
    const node = copy("text", {who: text.mine ? "Customer:" : "Odoo:"});
    node.classList.toggle("mine", text.mine);
    texts.append(node);
    bubbles.set(text.sid, node);
    return node;
}

// Choosing; the address keeps the choice, so that Back works

function choose(customer, ours) {
    location.hash = `${customer},${ours}`;
}

async function readHash() {
    const [customer, ours] = decodeURIComponent(location.hash.slice(1)).split(",");
    const before = open && keyOf(open);
    open = customer && ours ? {customer, ours} : null;
    app.classList.toggle("open", Boolean(open));
    find("phone").hidden = !open;
    find("nothing").hidden = Boolean(open);
    if (open && keyOf(open) !== before) {
        clearTexts();
        setText(find("who-name"), formatNumber(open.customer));
        find("send-error").textContent = "";
        await refresh();
        const narrow = matchMedia("(max-width: 700px)").matches;
        (narrow ? find("who-name") : input).focus();
    } else if (!open && before) {
        drawList();
        focusItem(before);
    }
}

// Keeping up to date: one request at a time, and one more if something happened

let running = null;
let again = false;

async function refresh() {
    again = true;
    running ||= load();
    await running;
}

async function load() {
    while (again) {
        again = false;
        try {
            ({numbers, conversations} = await ask("conversations"));
            const shown = conversations.find((item) => open && keyOf(item) === keyOf(open));
            if (shown) {
                drawPhone(shown);
            }
            drawList();
            setText(find("connection"), "");
        } catch {
            setText(find("connection"), "The simulator does not answer.");
        }
    }
    running = null;
}

// Writing

async function send(body) {
    texts.dataset.fresh = "yes";
    try {
        await ask("inbound", {from: open.customer, to: open.ours, body, wait: false});
        find("send-error").textContent = "";
    } catch (error) {
        find("send-error").textContent = error.message;
        input.value ||= body;
    }
}

find("compose").addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = input.value;
    input.value = "";
    if (body.trim()) {
        await send(body);
    }
    input.focus();
});

input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        find("compose").requestSubmit();
    }
});

for (const button of document.querySelectorAll(".quick button")) {
    button.addEventListener("click", () => send(button.dataset.text));
}

find("back").addEventListener("click", () => {
    location.hash = "";
});
find("filter").addEventListener("input", drawList);

find("add").addEventListener("submit", async (event) => {
    event.preventDefault();
    const number = find("new-number").value.replace(/[^\d+]/g, "");
    event.target.reset();
    await ask("config", {customers: [{number}]});
    await refresh();
    choose(number, numbers[0].number);
});

addEventListener("hashchange", readHash);
document.addEventListener("visibilitychange", refresh);
readHash();
refresh();
const events = new EventSource("/_simulator/events");
events.addEventListener("message", refresh);
events.addEventListener("error", () => {
    setText(find("connection"), "The simulator does not answer.");
});
