# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What stands in the way of a text, or should be known before it is sent."""

from dataclasses import dataclass

# An alert blocks, or it only warns.
BLOCK, WARN = "block", "warn"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that stands in the way, or should be known."""

    code: str  # a key of ALERTS, or an integrator's own
    level: str  # BLOCK or WARN
    text: str  # a sentence for this text, which says what to do
    summary: str = ""  # a few words, the same for every text that it keeps back
    actions: tuple = ()  # keys of what helps, the likeliest first


@dataclass(slots=True, kw_only=True)
class Facts:
    """What is known about a text. What does not concern it stays as it is here."""

    # The company
    enabled: bool = True
    ready: bool = True  # Twilio's account and sender are entered.
    # The appointment
    closed: bool = False  # The work is done or canceled.
    foreign_visit: bool = False  # The visit belongs to another Work Order.
    all_past: bool = False  # There are visits, but none to come.
    no_visit: bool = False  # There are visits, but none was chosen.
    undated: bool = False
    past: bool = False
    too_late: bool = False  # The texting hours begin after it does.
    outside_hours: bool = False  # A person sends it, and it has to wait.
    # The contact
    archived: bool = False  # The contact is archived; so is the only one.
    no_contact: bool = False
    foreign_contact: bool = False  # Neither of this customer nor of this location.
    # or "missing", "invalid", "extension", "landline": what it tells itself
    number: str = "ok"
    wrong_number: bool = False  # Who answered said that it is somebody else's.
    opted_out: bool = False
    failed_as_landline: bool = False  # An earlier text told so.
    opt_out_lifted: bool = False  # By hand: Twilio may still block the number.
    # The text
    no_text: bool = False  # The template gives none.
    earlier: str = ""  # "confirmed", "declined", "unrecognized" or "asked" already
    changed: bool = False  # A text that waits is not true any more.


# Of each group the first that holds is told: what follows from it says nothing new.
_GROUPS = (
    (
        ("disabled", lambda facts: not facts.enabled),
        ("not_ready", lambda facts: not facts.ready),
    ),
    (
        ("closed", lambda facts: facts.closed),
        ("foreign_visit", lambda facts: facts.foreign_visit),
        ("all_past", lambda facts: facts.all_past),
        ("no_visit", lambda facts: facts.no_visit),
        ("undated", lambda facts: facts.undated),
        ("past", lambda facts: facts.past),
    ),
    (
        ("archived", lambda facts: facts.archived),
        ("no_contact", lambda facts: facts.no_contact),
        ("foreign_contact", lambda facts: facts.foreign_contact),
        ("number_missing", lambda facts: facts.number == "missing"),
        ("number_invalid", lambda facts: facts.number == "invalid"),
        ("number_extension", lambda facts: facts.number == "extension"),
        ("number_landline", lambda facts: facts.number == "landline"),
        ("number_wrong", lambda facts: facts.wrong_number),
        ("opted_out", lambda facts: facts.opted_out),
        ("failed_as_landline", lambda facts: facts.failed_as_landline),
        ("opt_out_lifted", lambda facts: facts.opt_out_lifted),
    ),
    (
        ("too_late", lambda facts: facts.too_late),
        ("outside_hours", lambda facts: facts.outside_hours),
    ),
    (("no_text", lambda facts: facts.no_text),),
    (
        ("confirmed", lambda facts: facts.earlier == "confirmed"),
        ("declined", lambda facts: facts.earlier == "declined"),
        ("unrecognized", lambda facts: facts.earlier == "unrecognized"),
        ("asked", lambda facts: facts.earlier == "asked"),
    ),
    (("changed", lambda facts: facts.changed),),
)
# code -> (level, actions)
ALERTS = {
    "disabled": (BLOCK, ("open_settings",)),
    "not_ready": (BLOCK, ("open_settings",)),
    "closed": (BLOCK, ()),
    "foreign_visit": (BLOCK, ()),
    "all_past": (BLOCK, ("open_order",)),
    "no_visit": (BLOCK, ("choose_visit",)),
    "undated": (BLOCK, ("open_schedule",)),
    "past": (BLOCK, ("open_schedule",)),
    "too_late": (BLOCK, ()),
    "outside_hours": (WARN, ()),
    "archived": (BLOCK, ("choose_contact", "open_contact")),
    "no_contact": (BLOCK, ("choose_contact",)),
    "foreign_contact": (BLOCK, ("choose_contact",)),
    "number_missing": (BLOCK, ("open_contact", "choose_contact")),
    "number_invalid": (BLOCK, ("open_contact", "choose_contact")),
    "number_extension": (BLOCK, ("open_contact", "choose_contact")),
    "number_landline": (BLOCK, ("open_contact", "choose_contact")),
    "number_wrong": (BLOCK, ("open_contact", "choose_contact", "trust_number")),
    "opted_out": (BLOCK, ("choose_contact", "allow_texts", "open_contact")),
    "failed_as_landline": (BLOCK, ("open_contact", "choose_contact")),
    "opt_out_lifted": (WARN, ()),
    "no_text": (BLOCK, ("open_settings",)),
    "confirmed": (WARN, ("open_message",)),
    "declined": (WARN, ("open_schedule", "open_message")),
    "unrecognized": (WARN, ("open_message",)),
    "asked": (WARN, ("open_message",)),
    "changed": (BLOCK, ()),
}
# Nobody reads the warnings when many are asked at once: these need a person's decision.
_FOR_A_PERSON = {"confirmed", "declined", "unrecognized", "asked"}
# What an administrator of the company puts right; the customer has no part in it.
SETUP = {"disabled", "not_ready"}


def find_codes(facts):
    """What stands in the way, or should be known, in the order in which it is told.

    :param facts: :class:`Facts`
    :return: list of keys of :data:`ALERTS`
    """
    codes = []
    for group in _GROUPS:
        codes += [code for code, holds in group if holds(facts)][:1]
    return codes


def first_block(alerts):
    """The first :class:`Alert` that keeps a text from being sent, or None."""
    return next((alert for alert in alerts if alert.level == BLOCK), None)


def first_for_many(alerts, is_again=False):
    """The first :class:`Alert` that keeps a text from being one of many, or None.

    :param is_again: a person decided to ask again who has not answered yet
    """
    for_a_person = _FOR_A_PERSON - {"asked"} if is_again else _FOR_A_PERSON
    return next(
        (
            alert
            for alert in alerts
            if alert.level == BLOCK or alert.code in for_a_person
        ),
        None,
    )


def first_for_plan(alerts):
    """The first :class:`Alert` that keeps a text from leaving by itself, or None.

    Who was asked and has not answered is asked again; an answer is for a person.
    """
    return next(
        (
            alert
            for alert in alerts
            if alert.level == BLOCK or alert.code in _FOR_A_PERSON - {"asked"}
        ),
        None,
    )
