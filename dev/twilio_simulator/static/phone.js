/* License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl). */
// The customers' phones. The server writes the page; this keeps it up to date while
// it is open, shows times as they are here, and texts as the customer.
"use strict";

const find = (id) => document.getElementById(id);
const [texts, input, filter] = ["texts", "body", "filter"].map(find);
const open = Object.fromEntries(new URLSearchParams(location.search));

async function post(path, values) {
    const answer = await fetch(`/_simulator/${path}`, {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(values),
    });
    find("error").textContent = answer.ok ? "" : (await answer.json()).error;
    return answer.ok;
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
            const answer = await fetch(location.href);
            const html = await answer.text();
            show(new DOMParser().parseFromString(html, "text/html"));
            find("connection").textContent = "";
        } catch {
            find("connection").textContent = "The simulator does not answer.";
        }
    }
    running = null;
}

function show(page) {
    for (const node of page.querySelectorAll("time")) {
        const time = new Date(node.dateTime);
        const today = time.toDateString() === new Date().toDateString();
        const day = today ? {} : {day: "numeric", month: "short"};
        const form = {...day, hour: "numeric", minute: "2-digit"};
        node.textContent = time.toLocaleString([], form);
    }
    const atEnd = texts.scrollHeight - texts.scrollTop - texts.clientHeight < 60;
    const count = texts.children.length;
    ["list", "who", "texts", "blocked", "quick"].forEach((id) => update(id, page));
    if (page === document || (atEnd && texts.children.length > count)) {
        texts.scrollTop = texts.scrollHeight;
    }
    showWanted();
}

// Only what has changed, so that a screen reader reads nothing again and the focus
// stays where it is.
function update(id, page) {
    const old = find(id);
    const wanted = [...page.getElementById(id).children];
    wanted.forEach((node, index) => {
        const known = old.children[index];
        if (!known) {
            old.append(node);
        } else if (!known.isEqualNode(node)) {
            known.replaceWith(node);
        }
    });
    [...old.children].slice(wanted.length).forEach((node) => node.remove());
}

function showWanted() {
    const wanted = filter.value.trim().toLowerCase();
    const digits = wanted.replace(/\D/g, "");
    for (const {dataset, parentNode} of document.querySelectorAll(".item")) {
        const found = digits && dataset.number.includes(digits);
        parentNode.hidden = !found && !dataset.name.toLowerCase().includes(wanted);
    }
}

// Writing

async function send(body) {
    texts.scrollTop = texts.scrollHeight;
    const message = {from: open.customer, to: open.ours, body, wait: false};
    if (!(await post("inbound", message))) {
        input.value ||= body;
    }
}

find("compose").addEventListener("submit", (event) => {
    event.preventDefault();
    const body = input.value;
    input.value = "";
    if (body.trim()) {
        send(body);
    }
});

input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        find("compose").requestSubmit();
    }
});

find("quick").addEventListener("click", (event) => {
    if (event.target.matches("button")) {
        send(event.target.textContent.trim());
    }
});

find("add").addEventListener("submit", async (event) => {
    event.preventDefault();
    const number = find("new-number").value.replace(/[^\d+]/g, "");
    if (await post("config", {customers: [{number}]})) {
        event.target.reset();
        await refresh();
    }
});

filter.addEventListener("input", showWanted);
document.addEventListener("visibilitychange", refresh);
show(document);
const events = new EventSource("/_simulator/events");
events.addEventListener("message", refresh);
events.addEventListener("error", refresh);
