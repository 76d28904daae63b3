/* License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl). */
// The customers' phones: lists the conversations of the simulator, shows one, and
// texts as the customer. Every text is put in with textContent, never as HTML.
"use strict";

const find = (id) => document.getElementById(id);
const app = find("app");
const list = find("list");
const texts = find("texts");
const input = find("body");

let numbers = [];
let conversations = [];
let open = null; // {customer, ours} of the conversation that is shown
const bubbles = new Map(); // SID -> its elements in the open conversation

// The control API

async function ask(path, values) {
    const options = values && {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(values),
    };
    const answer = await fetch(`/_simulator/${path}`, options);
    const value = await answer.json();
    if (!answer.ok) {
        throw new Error(value.error || `The simulator answered ${answer.status}.`);
    }
    return value;
}

// Words

function formatNumber(number) {
    const us = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
    return us ? `+1 (${us[1]}) ${us[2]}-${us[3]}` : number;
}

function ourName(number) {
    const known = numbers.find((item) => item.number === number);
    const name = known && known.name !== number ? `${known.name} · ` : "";
    return name + formatNumber(number);
}

function formatTime(seconds) {
    return new Date(seconds * 1000).toLocaleTimeString([], {
        hour: "numeric",
        minute: "2-digit",
    });
}

function formatDay(seconds) {
    return new Date(seconds * 1000).toLocaleDateString([], {
        weekday: "long",
        day: "numeric",
        month: "long",
    });
}

function formatShort(seconds) {
    const date = new Date(seconds * 1000);
    if (date.toDateString() === new Date().toDateString()) {
        return formatTime(seconds);
    }
    return date.toLocaleDateString([], {day: "numeric", month: "short"});
}

const STATUS = {
    queued: "On its way",
    accepted: "On its way",
    scheduled: "Scheduled",
    sent: "Sent",
    delivered: "Delivered",
    undelivered: "Not delivered",
    failed: "Failed",
    canceled: "Canceled",
};

const KINDS = {
    landline: "a landline",
    unreachable: "switched off",
    unknown: "an unknown number",
    carrier_filtered: "its carrier filters texts",
    blocked: "blocks texts",
    not_mobile: "not a mobile number",
    region_blocked: "a region that is not enabled",
    invalid: "an invalid number",
    no_route: "can't be reached",
    silent: "its carrier reports nothing",
    stuck: "texts to it stay queued",
    error: "texts to it fail",
};

function isLost(text) {
    return text.status === "undelivered" || text.status === "failed";
}

function describeStatus(text) {
    const time = formatTime(text.time);
    if (text.mine) {
        const state = text.webhook && text.webhook.state;
        const words = {pending: "Telling Odoo…", ok: "Odoo has it"};
        return words[state] ? `${time} · ${words[state]}` : time;
    }
    let status = STATUS[text.status] || text.status;
    if (isLost(text) && text.error_code) {
        status += `: ${text.error_message} (${text.error_code})`;
    }
    const by = text.origin === "twilio" ? " · answered by Twilio itself" : "";
    return `${time} · ${status}${by}`;
}

function preview(last) {
    const media = last.media ? "📷 " : "";
    return (last.mine ? "Customer: " : "") + media + (last.body || "(no text)");
}

// Which texts were seen

const keyOf = (item) => `${item.customer},${item.ours}`;

function readSeen() {
    try {
        return JSON.parse(localStorage.getItem("seen")) || {};
    } catch {
        return {};
    }
}

function markSeen(key, time) {
    const seen = readSeen();
    if (!(seen[key] >= time)) {
        seen[key] = time;
        try {
            localStorage.setItem("seen", JSON.stringify(seen));
        } catch {
            // Without storage the mark is just not kept.
        }
    }
}

// The list

function element(tag, className, text) {
    const node = document.createElement(tag);
    node.className = className;
    if (text !== undefined) {
        node.textContent = text;
    }
    return node;
}

function drawList() {
    const wanted = find("filter").value.trim().toLowerCase();
    const digits = wanted.replace(/\D/g, "");
    const seen = readSeen();
    const focused = document.activeElement && document.activeElement.dataset.key;
    const rows = conversations.filter(
        (item) =>
            !wanted ||
            item.name.toLowerCase().includes(wanted) ||
            (digits && item.customer.includes(digits))
    );
    list.replaceChildren(...rows.map((item) => drawItem(item, seen)));
    find("list-empty").hidden = conversations.length > 0;
    if (focused) {
        const again = [...list.querySelectorAll("button")].find(
            (button) => button.dataset.key === focused
        );
        if (again) {
            again.focus({preventScroll: true});
        }
    }
}

function drawItem(item, seen) {
    const key = keyOf(item);
    const button = element("button", "item");
    button.type = "button";
    button.dataset.key = key;
    const shown = open && keyOf(open) === key;
    button.setAttribute("aria-current", String(Boolean(shown)));
    const name = item.name || formatNumber(item.customer);
    const face = element("span", "face", item.name ? [...item.name][0] : "#");
    face.setAttribute("aria-hidden", "true");
    const title = element("span", "item-name", name);
    title.dir = "auto";
    button.append(face, title);
    if (item.last) {
        button.append(element("span", "item-time", formatShort(item.last.time)));
    }
    const number = item.name ? formatNumber(item.customer) : "No texts yet";
    let line = item.last ? preview(item.last) : number;
    if (numbers.length > 1 && item.last) {
        line += ` · ${ourName(item.ours)}`;
    }
    const last = element("span", "item-last", line);
    last.dir = "auto";
    button.append(last);
    if (item.last && !item.last.mine && !shown && !(seen[key] >= item.last.time)) {
        button.classList.add("unread");
        button.append(element("span", "hidden", "New text"));
    }
    button.addEventListener("click", () => choose(item.customer, item.ours));
    const entry = document.createElement("li");
    entry.append(button);
    return entry;
}

// One conversation

function drawPhone(conversation) {
    const atEnd = texts.scrollHeight - texts.scrollTop - texts.clientHeight < 60;
    const name = conversation.name || formatNumber(conversation.customer);
    setText(find("who-name"), name);
    const details = conversation.name ? [formatNumber(conversation.customer)] : [];
    if (KINDS[conversation.kind]) {
        details.push(KINDS[conversation.kind]);
    }
    setText(find("who-detail"), details.join(" · "));
    find("blocked").hidden = !conversation.blocked;
    find("start").hidden = !conversation.blocked;
    find("stop").hidden = Boolean(conversation.blocked);
    drawOurs();
    let added = false;
    const known = new Set();
    let day = null;
    for (const text of conversation.texts) {
        known.add(text.sid);
        const today = formatDay(text.time);
        if (!bubbles.has(text.sid)) {
            if (today !== day && texts.dataset.day !== today) {
                texts.append(element("p", "day", today));
                texts.dataset.day = today;
            }
            texts.append(makeBubble(text));
            added = true;
        }
        updateBubble(text);
        day = today;
    }
    if ([...bubbles.keys()].some((sid) => !known.has(sid))) {
        // Something was deleted (or the simulator reset): draw all of it again.
        clearTexts();
        if (conversation.texts.length) {
            drawPhone(conversation);
        }
        return;
    }
    if (added && (atEnd || texts.dataset.fresh)) {
        texts.scrollTop = texts.scrollHeight;
    }
    delete texts.dataset.fresh;
    const last = conversation.texts.at(-1);
    if (last && document.visibilityState === "visible") {
        markSeen(keyOf(conversation), last.time);
    }
}

function setText(node, text) {
    // Without this, a screen reader would read what did not change again.
    if (node.textContent !== text) {
        node.textContent = text;
    }
}

function clearTexts() {
    bubbles.clear();
    texts.replaceChildren();
    delete texts.dataset.day;
    texts.dataset.fresh = "yes";
}

function makeBubble(text) {
    const node = element("div", text.mine ? "text mine" : "text");
    const who = element("span", "hidden", text.mine ? "Customer:" : "Odoo:");
    const bubble = element("div", "bubble");
    bubble.dir = "auto";
    const meta = element("div", "meta");
    const hint = element("div", "hint");
    hint.hidden = true;
    node.append(who, bubble, meta, hint);
    bubbles.set(text.sid, {node, bubble, meta, hint});
    return node;
}

function updateBubble(text) {
    const parts = bubbles.get(text.sid);
    const pictures = text.media ? `📷 ${text.media} attached\n` : "";
    setText(parts.bubble, (pictures + text.body).trimEnd() || "(no text)");
    setText(parts.meta, describeStatus(text));
    parts.node.classList.toggle("lost", isLost(text));
    const hint = (text.webhook && text.webhook.hint) || "";
    setText(parts.hint, hint);
    parts.hint.hidden = !hint;
}

function drawOurs() {
    const select = find("ours");
    const values = numbers.map((item) => item.number);
    if (!values.includes(open.ours)) {
        values.push(open.ours);
    }
    const current = [...select.options].map((option) => option.value);
    if (current.join() !== values.join()) {
        select.replaceChildren(
            ...values.map((value) => new Option(ourName(value), value))
        );
    }
    select.value = open.ours;
    select.disabled = values.length < 2;
}

// Choosing; the address keeps the choice, so that Back works

function choose(customer, ours) {
    location.hash = `${customer},${ours}`;
}

function readHash() {
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
        refresh().then(() => {
            const narrow = matchMedia("(max-width: 700px)").matches;
            (narrow ? find("who-name") : input).focus();
        });
    } else if (!open && before) {
        drawList();
        const button = [...list.querySelectorAll("button")].find(
            (item) => item.dataset.key === before
        );
        if (button) {
            button.focus();
        }
    }
}

// Keeping up to date

let running = null;
let again = false;

function refresh() {
    // One at a time; what happens meanwhile is fetched right after.
    if (running) {
        again = true;
        return running;
    }
    running = load().finally(() => {
        running = null;
        if (again) {
            again = false;
            refresh();
        }
    });
    return running;
}

async function load() {
    const wanted = open && {...open};
    try {
        const requests = [ask("conversations")];
        if (wanted) {
            const query = new URLSearchParams(wanted);
            requests.push(ask(`conversations?${query}`));
        }
        const [all, one] = await Promise.all(requests);
        numbers = all.numbers;
        conversations = all.conversations;
        if (one && open && keyOf(open) === keyOf(wanted)) {
            drawPhone(one);
        } else if (open) {
            again = true;
        }
        drawList();
        setText(find("connection"), "");
    } catch {
        setText(find("connection"), "The simulator does not answer.");
    }
}

function listen() {
    const events = new EventSource("/_simulator/events");
    events.addEventListener("message", refresh);
    events.addEventListener("error", () => {
        setText(find("connection"), "The simulator does not answer.");
    });
}

// Writing

async function send(body) {
    if (!open || !body.trim()) {
        return false;
    }
    find("send-error").textContent = "";
    texts.dataset.fresh = "yes";
    try {
        await ask("inbound", {
            from: open.customer,
            to: open.ours,
            body,
            wait: false,
        });
        return true;
    } catch (error) {
        find("send-error").textContent = error.message;
        return false;
    }
}

find("compose").addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = input.value;
    input.value = "";
    if (!(await send(body)) && !input.value) {
        input.value = body;
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

find("ours").addEventListener("change", (event) => {
    choose(open.customer, event.target.value);
});

find("back").addEventListener("click", () => {
    location.hash = "";
});

find("filter").addEventListener("input", drawList);

find("add").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = find("new-number");
    const number = field.value.replace(/[^\d+]/g, "");
    find("add-error").textContent = "";
    field.removeAttribute("aria-invalid");
    if (!/^\+[1-9]\d{6,14}$/.test(number)) {
        find("add-error").textContent =
            "A number starts with + and the country code, like +1 202 555 0123.";
        field.setAttribute("aria-invalid", "true");
        field.focus();
        return;
    }
    try {
        await ask("customers", {number});
        field.value = "";
        await refresh();
        if (numbers.length) {
            choose(number, numbers[0].number);
        }
    } catch (error) {
        find("add-error").textContent = error.message;
    }
});

addEventListener("hashchange", readHash);
document.addEventListener("visibilitychange", refresh);
readHash();
refresh();
listen();
