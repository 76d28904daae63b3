# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The life of a text: sent, delivered, reported; or written by a customer, answered.

Outbound: queued or accepted -> sent -> delivered, undelivered or failed, each step
with a signed status callback. Inbound: kept, checked for STOP, START and HELP, and
posted to the address that the number or its Messaging Service names.
"""

import asyncio
import logging
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from .errors import CATALOG
from .webhooks import read_twiml

_logger = logging.getLogger(__name__)

API_VERSION = "2010-04-01"

STOP_WORDS = "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split()
START_WORDS = "START UNSTOP YES".split()
HELP_WORDS = "HELP INFO".split()

# What Twilio's Smart Encoding makes of typographic characters (the common ones).
PLAIN = str.maketrans("‘’“”–—\xa0", "''\"\"-- ")

FINAL = ("delivered", "undelivered", "failed", "canceled", "received")
# GSM 03.38
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")


def count_segments(text):
    """Return the number of SMS segments (at least 1) that ``text`` is sent in."""
    if all(char in GSM_BASIC or char in GSM_EXTENDED for char in text):
        size = len(text) + sum(char in GSM_EXTENDED for char in text)
        single, several = 160, 153
    else:
        size = len(text.encode("utf-16-be", "surrogatepass")) // 2
        single, several = 70, 67
    return 1 if size <= single else -(-size // several)


class Texting:
    """Moves messages through their life; used by the API, the phone and tests."""

    def __init__(self, state, poster):
        self.state, self.poster = state, poster
        self._jobs = set()
        # Callbacks of one message leave one after the other.
        self._lines = WeakKeyDictionary()

    # Jobs: all that happens later

    def start(self, coroutine, counted=True):
        """Run something beside the requests.

        :param counted: whether ``wait_idle`` waits for it
        """
        job = asyncio.get_running_loop().create_task(self._run(coroutine))
        job.counted = counted
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _run(self, coroutine):
        try:
            await coroutine
        except Exception:  # it concerns one message only
            _logger.exception("A step of the simulator failed")

    @property
    def pending(self):
        """The jobs that are to end."""
        return {job for job in self._jobs if job.counted}

    async def wait_idle(self, timeout):
        """Wait until nothing is planned or running; return whether that came true."""
        try:
            async with asyncio.timeout(timeout):
                while pending := self.pending:
                    await asyncio.wait(pending)
        except TimeoutError:
            return False
        return True

    def reset(self):
        """Forget all that is planned."""
        for job in self._jobs:
            job.cancel()
        self._jobs.clear()

    # Outbound

    def send(self, message):
        """Take over a new outbound message: keep it and plan its life."""
        service = self.state.services.get(message.messaging_service_sid)
        if service and service["smart_encoding"]:
            message.body = message.body.translate(PLAIN)
        if self.state.settings["trim_body"]:
            message.body = message.body.strip()
        message.num_segments = count_segments(message.body)
        self.state.add(message)
        self._plan(message)

    def resume(self):
        """Go on with the messages that a restart interrupted."""
        for message in self.state.messages.values():
            if not message.inbound and message.status not in FINAL:
                self._plan(message)
            elif message.inbound and message.webhook["state"] == "pending":
                hint = "The simulator was stopped meanwhile."
                message.webhook.update(state="failed", hint=hint)

    def choose_number(self, service, customer):
        """Return the number of a service that texts this customer (sticky sender)."""
        state, key = self.state, (customer, service["sid"])
        able = [
            phone
            for phone in service["numbers"]
            if state.numbers[phone]["capabilities"]["sms"]
        ]
        if able and state.sticky.get(key) not in able:
            state.sticky[key] = state.random.choice(able)
        return state.sticky[key] if able else None

    def _plan(self, message):
        """Have a message go through the steps that it still has before it."""
        state = self.state
        if not state.settings["auto_deliver"]:
            return
        last, code = state.fate(message.to)
        number = state.numbers.get(message.from_)
        registered = not number or number["a2p_registered"]
        if last == "delivered" and not registered and message.to.startswith("+1"):
            last, code = "undelivered", 30034
        way = state.settings["steps"]
        if last in way:
            way = way[: way.index(last) + 1]
        elif last in ("failed", "refused"):  # refused: of a webhook's answer
            way = ["failed"]
        elif last in FINAL:
            way = [*way, last]
        else:  # it stays there for ever
            way = [] if last == message.status else [last]
        done = [status for _when, status in message.history]
        steps = [(s, code if s == way[-1] else None) for s in way if s not in done]
        self.start(self._live(message, steps))
        if last not in FINAL and "ValidityPeriod" in message.params:
            self.start(self._expire(message), counted=False)

    async def _live(self, message, steps):
        held = []

        def post():
            while held:
                self.start(self._report(message, held.pop(0)))

        settings = self.state.settings
        for status, code in steps:
            await asyncio.sleep(settings["delay"])
            if message.status in FINAL:
                return
            self._change(message, status, code)
            held += self._reports(message, status, code)
            if settings["callback_order"] == "normal":
                post()
        if settings["callback_order"] == "reversed":
            held.reverse()
        else:
            self.state.random.shuffle(held)
        post()

    async def _expire(self, message):
        """End a message that is not sent within its validity period."""
        end = message.created + int(message.params["ValidityPeriod"])
        # On Twilio's clock, which may be moved meanwhile.
        while (left := end - self.state.now()) > 0:
            await asyncio.sleep(min(left, 0.2))
        if not message.sent and message.status not in FINAL:
            await self._live(message, [("failed", 30036)])

    def _change(self, message, status, code=None):
        if not message.from_ and status not in ("accepted", "canceled"):
            service = self.state.services.get(message.messaging_service_sid)
            message.from_ = service and self.choose_number(service, message.to)
        if status == "delivered":
            message.price = f"-{0.0079 * message.num_segments:.5f}"
        text = code and CATALOG["delivery_errors"].get(str(code), f"Error {code}")
        self.state.change(message, status, code, text)

    # Status callbacks

    def _params(self, message, **values):
        """Return the parameters that every webhook has, and some more."""
        if message.messaging_service_sid:
            values["MessagingServiceSid"] = message.messaging_service_sid
        return {
            "ApiVersion": API_VERSION,
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "AccountSid": message.account_sid,
            "From": message.from_ or "",
            "To": message.to,
            **values,
        }

    def status_params(self, message, status, code=None):
        """Return the parameters of a status callback."""
        params = self._params(message, MessageStatus=status, SmsStatus=status)
        if code and status in ("failed", "undelivered"):
            params["ErrorCode"] = str(code)
        if status in ("delivered", "undelivered"):
            now = datetime.fromtimestamp(self.state.now(), UTC)
            params["RawDlrDoneDate"] = now.strftime("%y%m%d%H%M")
        return params

    def _reports(self, message, status, code):
        """Return the callbacks of a step: none if it gets lost, or several."""
        settings = self.state.settings
        missing = settings["callback_missing"]
        if isinstance(missing, list):
            lost = status in missing
        else:
            lost = self.state.random.random() < missing
        if lost or not message.status_callback:
            return []
        params = self.status_params(message, status, code)
        return [params] * settings["callback_repeat"]

    async def _report(self, message, params):
        await asyncio.sleep(self.state.settings["callback_delay"])
        async with self._lines.setdefault(message, asyncio.Lock()):
            await self.post_status(message, params, message.status_callback)

    async def post_status(self, message, params, url):
        """Post one status callback; return the Delivery."""
        token = self.state.accounts[message.account_sid]["auth_token"]
        return await self.poster.post(url, "POST", params.items(), token)

    # Inbound

    def receive(self, message, opt_out_type=None, extra=None):
        """Take over a text from a customer: keep it, obey STOP, START and HELP.

        :param opt_out_type: send this OptOutType with the webhook
        :param extra: further or other webhook parameters
        """
        state = self.state
        message.num_segments = count_segments(message.body)
        if message.from_ not in state.customers:
            state.configure({"customers": [{"number": message.from_}]})
        service = state.service_of(message.to)
        message.messaging_service_sid = service and service["sid"]
        _addresses, reason = self._inbound_addresses(message)
        message.hidden = reason == "dropped"
        message.webhook = {"state": "pending", "hint": ""}
        if reason:
            message.webhook.update(state="none", hint=CATALOG["no_webhook"][reason])
        state.add(message)
        keyword = self._obey(message)
        if service and service["advanced_opt_out"]:
            opt_out_type = opt_out_type or keyword
        message.params = self._inbound_params(message, opt_out_type) | (extra or {})

    def _inbound_addresses(self, message):
        """Return the (url, method) pairs to try in turn, or why there is none."""
        owner = self.state.numbers[message.to]
        service = self.state.services.get(message.messaging_service_sid)
        url, fallback, reason = "sms", "sms_fallback", "unset"
        if service and not service["use_inbound_webhook_on_number"]:
            owner, url, fallback, reason = service, "inbound", "fallback", "dropped"
        elif owner["sms_application_sid"]:
            return [], "application"
        first = owner.get(f"{url}_url") or owner.get(f"{url}_request_url")
        if not first:
            return [], reason
        found = [(first, owner[f"{url}_method"])]
        found += [(owner[f"{fallback}_url"], owner[f"{fallback}_method"])]
        return [pair for pair in found if pair[0]], None

    def _inbound_params(self, message, opt_out_type):
        """Return the parameters of an inbound webhook."""
        params = self._params(
            message,
            SmsMessageSid=message.sid,
            SmsStatus="received",
            Body=message.body,
            NumSegments=str(message.num_segments),
            NumMedia=str(len(message.media)),
        )
        ours = self.state.numbers[message.to]
        customer = self.state.customers[message.from_]
        for side, phone, place in (
            ("From", message.from_, customer),
            ("To", message.to, ours),
        ):
            params[f"{side}Country"] = "US" if phone[:2] == "+1" else ""
            for name in ("city", "state", "zip"):
                params[side + name.title()] = place[name]
        if opt_out_type:
            params["OptOutType"] = opt_out_type
        for index, media in enumerate(message.media):
            params[f"MediaUrl{index}"] = media["url"]
            params[f"MediaContentType{index}"] = media["content_type"]
        return params

    def _obey(self, message):
        """Do what Twilio itself does on STOP, START and HELP; return which it was."""
        blocks = self.state.blocks
        word = message.body.strip().upper()
        key = self.state.block_key(message.from_, message.to)
        blocked = key in blocks
        if word in STOP_WORDS:
            keyword, answer = "STOP", not blocked
            blocks[key] = self.state.now()
        elif word in START_WORDS and (word != "YES" or blocked):
            keyword = answer = "START"
            blocks.pop(key, None)
        elif word in HELP_WORDS:
            keyword = answer = "HELP"
        else:
            return None
        if answer:
            # Twilio's own answer goes through even to who has just been blocked.
            self.reply(message, CATALOG["opt_out_answers"][keyword], "twilio")
        return keyword

    def reply(self, message, text, origin):
        """Send a text in answer to an inbound one; return whether it was taken."""
        key = self.state.block_key(message.from_, message.to)
        if origin != "twilio" and key in self.state.blocks:
            return False  # as Twilio: error 21610 in its debugger, and nothing else
        answer = self.state.new_message(
            account_sid=message.account_sid,
            direction="outbound-reply",
            from_=message.to,
            to=message.from_,
            body=text,
            status="queued",
            origin=origin,
            messaging_service_sid=message.messaging_service_sid,
        )
        self.send(answer)
        return True

    async def deliver(self, message):
        """Post an inbound text to the addon and act on the answer.

        :return: the Delivery, or None when there is no address to post to
        """
        token = self.state.accounts[message.account_sid]["auth_token"]
        params, delivery = message.params, None
        for url, method in self._inbound_addresses(message)[0]:
            delivery = await self.poster.post(url, method, params.items(), token)
            if delivery.ok:
                break
            params = params | {"ErrorCode": str(delivery.code), "ErrorUrl": url}
        if not delivery:
            return None
        hint = self._act_on_answer(message, delivery) if delivery.ok else delivery.hint
        message.webhook = {"state": "failed" if hint else "ok", "hint": hint}
        self.state.touch()
        return delivery

    def _act_on_answer(self, message, delivery):
        """Text what the webhook's answer says; return the hint if it is wrong."""
        texts, problem = read_twiml(delivery)
        for text in texts:
            if self.reply(message, text, "twiml"):
                delivery.replies.append(text)
        if not problem:
            return ""
        delivery.code, detail = problem
        return f"Odoo's answer has a fault: {detail} (error {delivery.code})."
