# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The life of a text: sent, delivered, reported; or written by a customer, answered.

Outbound: queued or accepted -> sent -> delivered, undelivered or failed, each step
with a signed status callback. Inbound: kept, checked for STOP, START and HELP, and
posted to the address that the number or its Messaging Service names.
"""

import time
from collections import deque
from datetime import UTC, datetime

from .errors import DELIVERY, WEBHOOK
from .segments import count_segments
from .state import TOLL_FREE, Message, new_sid
from .webhooks import hint_for_status, read_twiml, strip

API_VERSION = "2010-04-01"

STOP_WORDS = frozenset(
    ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")
)
START_WORDS = frozenset(("START", "UNSTOP", "YES"))
HELP_WORDS = frozenset(("HELP", "INFO"))

# Twilio's own answers with default opt-out handling.
OPT_OUT_TEXTS = {
    "STOP": (
        "You have successfully been unsubscribed. You will not receive any more "
        "messages from this number. Reply START to resubscribe."
    ),
    "START": (
        "You have successfully been re-subscribed to messages from this number. Reply "
        "HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    ),
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}

# Only to fill FromCountry and ToCountry; blank for all others, as Twilio does.
COUNTRIES = {
    "+1": "US",
    "+31": "NL",
    "+33": "FR",
    "+34": "ES",
    "+39": "IT",
    "+41": "CH",
    "+43": "AT",
    "+44": "GB",
    "+49": "DE",
    "+351": "PT",
    "+55": "BR",
    "+52": "MX",
}

FINAL = frozenset(("delivered", "undelivered", "failed", "canceled", "received"))


def country_of(phone):
    """Return the ISO country code that a number most likely belongs to, or ""."""
    for length in (4, 3, 2):
        if phone[:length] in COUNTRIES:
            return COUNTRIES[phone[:length]]
    return ""


class Texting:
    """Moves messages through their life; used by the API, the phone and tests."""

    def __init__(self, state, scheduler, poster):
        self.state, self.scheduler, self.poster = state, scheduler, poster
        # Callbacks of one message leave one after the other: sid -> what is waiting.
        self._callbacks, self._held = {}, {}

    def reset(self):
        """Forget all callbacks that wait."""
        self._callbacks, self._held = {}, {}

    # Outbound

    def send(self, message, send_at=None):
        """Take over a new outbound message: keep it and plan its life.

        :param send_at: seconds since 1970, for a scheduled one
        """
        state = self.state
        with state.lock:
            message.num_segments = count_segments(message.body)
            state.add(message)
            if send_at:
                delay = send_at - time.time()
                self.scheduler.later(delay, self._release, message, counted=False)
            else:
                self._plan(message)

    def resume(self):
        """Go on with the messages that a restart interrupted."""
        with self.state.lock:
            for message in self.state.messages.values():
                if not message.inbound and message.status not in FINAL | {"scheduled"}:
                    self._plan(message)
                elif message.inbound and (message.webhook or {}).get("state") == (
                    "pending"
                ):
                    message.webhook.update(
                        state="failed", hint="The simulator was stopped meanwhile."
                    )

    def _release(self, message):
        with self.state.lock:
            if message.status == "scheduled":
                self._change(message, "accepted")
                self._plan(message)

    def choose_number(self, service, customer):
        """Return the number of a service that texts this customer (sticky sender)."""
        state = self.state
        key = customer, service["sid"]
        able = [
            phone
            for phone in service["numbers"]
            if state.numbers[phone]["capabilities"]["sms"]
        ]
        if not able:
            return None
        if state.sticky.get(key) not in able:
            state.sticky[key] = state.random.choice(able)
        return state.sticky[key]

    def _plan(self, message):
        """Schedule the steps that a message still has before it."""
        state = self.state
        if not state.settings["auto_deliver"]:
            return
        final, code = state.fate(message.to)
        number = state.numbers.get(message.from_)
        registered = not number or number["a2p_registered"]
        if final == "delivered" and not registered and message.to.startswith("+1"):
            final, code = "undelivered", 30034
        if final == "refused":  # refused at create; a TwiML answer just fails
            final = "failed"
        steps = []
        if final == "failed":
            steps = [("failed", code)]
        elif final == "sent":
            steps = [("sent", None)]
        elif final != "queued":
            steps = [("sent", None), (final, code)]
        done = [status for _when, status in message.history]
        steps = [step for step in steps if step[0] not in done]
        self._next_step(message, steps)

    def _next_step(self, message, steps):
        if steps:
            self.scheduler.later(
                self.state.settings["delay"], self._step, message, steps
            )

    def _step(self, message, steps):
        with self.state.lock:
            if message.status in FINAL or message.sid not in self.state.messages:
                return
            (status, code), *rest = steps
            self._change(message, status, code)
            self.callback(message, status, code, last=not rest)
            self._next_step(message, rest)

    def _change(self, message, status, code=None):
        """Set a message's status; the lock is held."""
        now = time.time()
        if not message.from_ and status not in ("accepted", "scheduled", "canceled"):
            service = self.state.services.get(message.messaging_service_sid)
            message.from_ = service and self.choose_number(service, message.to)
            if message.from_:
                self.state.by_number[message.from_].append(message)
        message.status, message.updated = status, now
        message.history.append([now, status])
        if status in ("sent", "failed") and not message.sent:
            message.sent = now
        if status == "delivered":
            message.price = f"-{0.0079 * message.num_segments:.5f}"
        if code:
            message.error_code = code
            message.error_message = DELIVERY.get(code, f"Error {code}")
        self.state.place(message)

    # Status callbacks

    def status_params(self, message, status, code=None):
        """Return the (name, value) pairs of a status callback."""
        params = [
            ("ApiVersion", API_VERSION),
            ("MessageSid", message.sid),
            ("SmsSid", message.sid),
            ("MessageStatus", status),
            ("SmsStatus", status),
            ("AccountSid", message.account_sid),
            ("From", message.from_ or ""),
            ("To", message.to),
        ]
        if message.messaging_service_sid:
            params.append(("MessagingServiceSid", message.messaging_service_sid))
        if code and status in ("failed", "undelivered"):
            params.append(("ErrorCode", str(code)))
        if status in ("delivered", "undelivered"):
            now = datetime.now(UTC)
            params.append(("RawDlrDoneDate", now.strftime("%y%m%d%H%M")))
        return params

    def callback(self, message, status, code=None, last=True):
        """Send the status callback of a step, as late, often and odd as configured.

        :param last: whether no further step follows: what was held back to be
            reordered goes out now
        """
        if not message.status_callback:
            return
        state = self.state
        with state.lock:
            settings = state.settings
            missing = settings["callback_missing"]
            if isinstance(missing, list | tuple):
                lost = status in missing
            else:
                lost = state.random.random() < missing
            params = self.status_params(message, status, code)
            waiting = [] if lost else [params] * int(settings["callback_repeat"])
            if settings["callback_order"] != "normal":
                held = self._held.setdefault(message.sid, [])
                held += waiting
                if not last:
                    return
                waiting = self._held.pop(message.sid)
                if settings["callback_order"] == "reversed":
                    waiting.reverse()
                else:
                    state.random.shuffle(waiting)
            for item in waiting:
                self.scheduler.later(
                    settings["callback_delay"], self._queue_callback, message, item
                )

    def _queue_callback(self, message, params):
        with self.state.lock:
            line = self._callbacks.get(message.sid)
            if line is None:
                line = self._callbacks[message.sid] = deque([params])
                self.scheduler.submit(self._drain, message, line)
            else:
                line.append(params)

    def _drain(self, message, line):
        """Post the callbacks of one message, one after the other, in a worker."""
        while True:
            with self.state.lock:
                if not line:
                    if self._callbacks.get(message.sid) is line:
                        del self._callbacks[message.sid]
                    return
                params = line.popleft()
            self.post_status(message, params)

    def post_status(self, message, params, url=None, signature="valid", headers=None):
        """Post one status callback and note what went wrong; return the Delivery."""
        account = self.state.accounts[message.account_sid]
        url = url or message.status_callback
        delivery = self.poster.post(
            url, "POST", params, account["auth_token"], signature, headers
        )
        if not delivery.ok:
            self._note_failure(message, delivery)
        return delivery

    def _note_failure(self, message, delivery):
        """Put a failed webhook on the debugger's list; return the hint for a person."""
        # Without the fragment and user:password, which may be secret.
        url = strip(delivery.url)
        if delivery.status is None:
            code = 11200 if delivery.connected else 11205
            hint = f"Odoo could not be reached at {url}: {delivery.error}."
        else:
            code = 11200
            hint = f"Odoo answered {delivery.status}"
            reason = hint_for_status(delivery.status)
            hint += f": {reason}." if reason else "."
        delivery.code = code
        self.state.warn(
            code,
            WEBHOOK[code],
            detail=hint,
            sid=message.sid,
            url=url,
            http_status=delivery.status,
        )
        return hint

    # Inbound

    def receive(self, message, opt_out_type=None, extra=None):
        """Take over a text from a customer: keep it, obey STOP, START and HELP.

        :param opt_out_type: send this OptOutType with the webhook
        :param extra: further or other webhook parameters
        """
        state = self.state
        with state.lock:
            message.num_segments = count_segments(message.body)
            if message.from_ not in state.customers:
                state.configure_customer({"number": message.from_})
            service = state.service_of(message.to)
            if service:
                message.messaging_service_sid = service["sid"]
            url, _method, reason = self._inbound_address(message, service)
            message.hidden = reason == "dropped"
            message.webhook = {"state": "pending", "status": None, "hint": ""}
            if not url:
                message.webhook = {
                    "state": "none",
                    "status": None,
                    "hint": NO_ADDRESS[reason],
                }
            state.add(message)
            keyword = self._obey(message, service)
            if keyword and not opt_out_type and service and service["advanced_opt_out"]:
                opt_out_type = keyword
            message.params = dict(self._inbound_params(message, opt_out_type))
            message.params.update(extra or {})

    def _inbound_address(self, message, service, fallback=False):
        """Return (url, method, why there is none) of the inbound webhook."""
        number = self.state.numbers[message.to]
        if service and not service["use_inbound_webhook_on_number"]:
            if fallback:
                return service["fallback_url"], service["fallback_method"], None
            url = service["inbound_request_url"]
            return url, service["inbound_method"], None if url else "dropped"
        if number["sms_application_sid"]:
            return None, None, "application"
        if fallback:
            return number["sms_fallback_url"], number["sms_fallback_method"], None
        url = number["sms_url"]
        return url, number["sms_method"], None if url else "unset"

    def _inbound_params(self, message, opt_out_type):
        """Return the (name, value) pairs of an inbound webhook."""
        state = self.state
        number = state.numbers[message.to]
        customer = state.customers[message.from_]
        params = [
            ("ToCountry", country_of(message.to)),
            ("ToState", number["state"]),
            ("SmsMessageSid", message.sid),
            ("NumMedia", str(len(message.media))),
            ("ToCity", number["city"]),
            ("FromZip", customer["zip"]),
            ("SmsSid", message.sid),
            ("FromState", customer["state"]),
            ("SmsStatus", "received"),
            ("FromCity", customer["city"]),
            ("Body", message.body),
            ("FromCountry", customer["country"] or country_of(message.from_)),
            ("To", message.to),
            ("ToZip", number["zip"]),
            ("NumSegments", str(message.num_segments)),
            ("MessageSid", message.sid),
            ("AccountSid", message.account_sid),
            ("From", message.from_),
            ("ApiVersion", API_VERSION),
        ]
        if message.messaging_service_sid:
            params.append(("MessagingServiceSid", message.messaging_service_sid))
        if opt_out_type:
            params.append(("OptOutType", opt_out_type))
        for index, media in enumerate(message.media):
            params.append((f"MediaUrl{index}", media["url"]))
            params.append((f"MediaContentType{index}", media["content_type"]))
        return params

    def _obey(self, message, service):
        """Do what Twilio itself does on STOP, START and HELP; return which it was."""
        state = self.state
        word = message.body.strip().upper()
        key = state.block_key(message.from_, message.to)
        blocked = key in state.blocks
        toll_free = TOLL_FREE.match(message.to)
        keyword, answer = None, False
        if word in STOP_WORDS and (word == "STOP" or not toll_free):
            keyword, answer = "STOP", not blocked
            state.blocks[key] = time.time()
        elif word in START_WORDS and (word != "YES" or (blocked and not toll_free)):
            keyword = answer = "START"
            state.blocks.pop(key, None)
        elif word in HELP_WORDS:
            keyword = answer = "HELP"
        if answer:
            texts = OPT_OUT_TEXTS
            if service and service["advanced_opt_out"]:
                texts = OPT_OUT_TEXTS | service["opt_out_texts"]
            # Twilio's own answer goes through even to who has just been blocked.
            self.reply(message, {"body": texts[keyword]}, "twilio")
        return keyword

    def reply(self, message, text, origin):
        """Send a text in answer to an inbound one; return it, or None if refused."""
        state = self.state
        to, from_ = text.get("to") or message.from_, text.get("from") or message.to
        with state.lock:
            if origin != "twilio" and state.block_key(to, from_) in state.blocks:
                state.warn(
                    21610,
                    WEBHOOK[21610],
                    detail="The customer has sent STOP: this answer isn't delivered.",
                    sid=message.sid,
                    url="",
                    http_status=None,
                )
                return None
            media = [
                {"url": url, "content_type": "image/jpeg"}
                for url in text.get("media") or ()
            ]
            answer = Message(
                sid=new_sid("MM" if media else "SM"),
                account_sid=message.account_sid,
                direction="outbound-reply",
                from_=from_,
                to=to,
                body=text["body"],
                status="queued",
                created=time.time(),
                origin=origin,
                messaging_service_sid=message.messaging_service_sid,
                media=media,
                status_callback=text.get("status_callback") or "",
            )
            self.send(answer)
            return answer

    def deliver(self, message, signature="valid", headers=None):
        """Post an inbound text to the addon and act on the answer.

        Slow (up to 15 s): never called with the lock held.

        :return: the Delivery, or None when there is no address to post to
        """
        state = self.state
        generation = self.scheduler.generation
        with state.lock:
            service = state.services.get(message.messaging_service_sid)
            url, method, _reason = self._inbound_address(message, service)
            fallback, fallback_method, _reason = self._inbound_address(
                message, service, fallback=True
            )
            token = state.accounts[message.account_sid]["auth_token"]
            params = list(message.params.items())
        if not url:
            return None
        delivery = self.poster.post(url, method, params, token, signature, headers)
        hint = ""
        if not delivery.ok:
            hint = self._note_failure(message, delivery)
            if fallback:
                params += [("ErrorCode", str(delivery.code)), ("ErrorUrl", strip(url))]
                delivery = self.poster.post(
                    fallback, fallback_method, params, token, signature, headers
                )
                hint = "" if delivery.ok else self._note_failure(message, delivery)
        if generation != self.scheduler.generation:
            return delivery  # forgotten meanwhile
        if delivery.ok:
            hint = self._act_on_answer(message, delivery)
        with state.lock:
            message.webhook = {
                "state": "ok" if not hint else "failed",
                "status": delivery.status,
                "hint": hint,
            }
            state.touch()
        return delivery

    def _act_on_answer(self, message, delivery):
        """Text what the webhook's answer says; return the hint if it is wrong."""
        texts, problems = read_twiml(delivery)
        hint = ""
        for code, detail in problems:
            hint = f"Odoo's answer has a fault: {detail} (error {code})."
            delivery.code = code
            self.state.warn(
                code,
                WEBHOOK[code],
                detail=hint,
                sid=message.sid,
                url=strip(delivery.url),
                http_status=delivery.status,
            )
        for text in texts:
            if self.reply(message, text, "twiml"):
                delivery.replies.append(text["body"])
        return hint


NO_ADDRESS = {
    "unset": "No address is set for incoming texts of this number: Odoo was not told. "
    "Press Connect in Odoo's settings.",
    "application": "The number is tied to an application (sms_application_sid), so its "
    "address for incoming texts is ignored: Odoo was not told.",
    "dropped": "The Messaging Service has no address for incoming texts and drops "
    "them: Odoo was not told.",
}
