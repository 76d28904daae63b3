# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everything the simulator knows: its configuration, texts, blocks and logs.

One thread works on it all, so nothing here is locked.
"""

import json
import os
import secrets
from collections import deque
from dataclasses import dataclass, field, fields
from pathlib import Path

from .config import Config, ConfigError

LOG_SIZE = 20_000
KEPT = ("blocks", "customers", "numbers", "services")  # beside the messages


@dataclass(eq=False)
class Message:
    """One text, to or from a customer. Times are seconds since 1970."""

    sid: str
    account_sid: str
    direction: str  # inbound, outbound-api or outbound-reply
    from_: str | None
    to: str
    body: str
    status: str
    created: float
    origin: str  # api, phone, twiml (a webhook's answer), twilio (its own answer)
    sent: float | None = None
    updated: float = 0.0
    messaging_service_sid: str | None = None
    media: list = field(default_factory=list)  # {"url", "content_type"}
    num_segments: int = 1
    error_code: int | None = None
    error_message: str | None = None
    price: str | None = None
    status_callback: str = ""
    # Create parameters, of an API message; webhook parameters, of an inbound one.
    params: dict = field(default_factory=dict)
    history: list = field(default_factory=list)  # [time, status]
    # What the webhook of an inbound message came to: state, status, hint.
    webhook: dict | None = None
    # Dropped by a Messaging Service: only the phone knows of it.
    hidden: bool = False

    def public(self):
        """Return the message as the control API shows it."""
        values = dict(vars(self))
        values["from"] = values.pop("from_")
        return values

    @property
    def inbound(self):
        return self.direction == "inbound"

    @property
    def customer(self):
        """The customer's number."""
        return self.from_ if self.inbound else self.to

    @property
    def ours(self):
        """The account's number; empty while a service hasn't chosen one."""
        return (self.to if self.inbound else self.from_) or ""


class State(Config):
    """The simulator's whole memory."""

    def __init__(self, config):
        self.start_config = config
        self.version = 0  # counts the changes that the phone page shows
        self.reset()

    def reset(self):
        """Forget everything and start again from the configuration."""
        self.messages = {}
        self.blocks = {}  # customer and number or service SID -> time
        self.sticky = {}  # (customer, service SID) -> number
        self.requests = deque(maxlen=LOG_SIZE)
        super().__init__(self.start_config)
        self.touch()

    def touch(self):
        """Say that something changed that the phone page shows or a file keeps."""
        self.version += 1

    def configure(self, config):
        super().configure(config)
        self.touch()

    def block_key(self, customer, ours):
        """Return the key of a block: opting out counts for the whole service."""
        service = self.service_of(ours)
        return f"{customer} {service['sid'] if service else ours}"

    def new_message(self, **values):
        """Return a new text, which nobody knows yet; see ``Message`` for the values."""
        prefix = "MM" if values.get("media") else "SM"
        sid = values.pop("sid", None) or prefix + secrets.token_hex(16)
        return Message(sid=sid, created=self.now(), **values)

    def add(self, message):
        """Keep a message and show it on the phone."""
        self.messages[message.sid] = message
        message.updated = message.created
        message.history.append([message.created, message.status])
        self.touch()

    def change(self, message, status, code=None, text=None):
        """Set a message's status, and the error that it ended with."""
        message.status, message.updated = status, self.now()
        message.history.append([message.updated, status])
        if status in ("sent", "failed") and not message.sent:
            message.sent = message.updated
        if code:
            message.error_code, message.error_message = code, text
        self.touch()

    def save(self, path):
        """Write the file, whole or not at all.

        :raises OSError: it can't be written
        """
        data = {name: getattr(self, name) for name in KEPT}
        data["messages"] = [vars(message) for message in self.messages.values()]
        draft = Path(f"{path}.{os.getpid()}.tmp")
        try:
            draft.write_text(json.dumps(data), encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            error.filename = str(path)  # what the user knows, not the draft
            raise
        finally:
            draft.unlink(missing_ok=True)

    def load(self, path):
        """Read the file back; what the configuration gives wins over the file.

        :raises OSError: it can't be read
        :raises ConfigError: it isn't a file of the simulator
        """
        known = {entry.name for entry in fields(Message)}
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            for values in data["messages"]:
                message = Message(**{k: v for k, v in values.items() if k in known})
                self.messages[message.sid] = message
            for name in KEPT:
                getattr(self, name).update(data[name])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} is not a state file of the simulator; remove it to start anew."
            ) from error
        self.configure(self.start_config)
