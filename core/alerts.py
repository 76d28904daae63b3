# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What blocks a text, or should be known before it is sent."""

from dataclasses import dataclass

# An alert blocks, or it only warns.
BLOCK, WARN = "block", "warn"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that blocks a text, or should be known before it is sent."""

    code: str  # a key of ALERTS, or an integrator's own
    level: str  # BLOCK or WARN
    text: str  # a sentence for this text, which says what to do
    summary: str = ""  # a few words, the same for every text that it keeps back
    actions: tuple = ()  # keys of what helps, the likeliest first


@dataclass(slots=True, kw_only=True)
class Facts:
    """What is known about a text. A fact that doesn't apply to it keeps its default."""

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
    # "ok", "missing", "invalid", "extension" or "landline", judging by its digits alone
    number: str = "ok"
    wrong_number: bool = False  # Somebody replied that it isn't the contact's.
    opted_out: bool = False
    failed_as_landline: bool = False  # Twilio said so when an earlier text failed.
    opt_out_lifted: bool = False  # By hand: Twilio may still block the number.
    # A question by e-mail: "missing", "refused" (blacklist) or "off" (in the settings)
    email: str = "ok"
    texts_refused: bool = False  # Who is asked by e-mail has opted out of texts.
    # The text
    no_text: bool = False  # The template gives none.
    earlier: str = ""  # "confirmed", "declined", "unrecognized" or "asked" already
    held: bool = False  # A person keeps back an automatic text that waits.
    changed: bool = False  # A text that waits is not true any more.


# Only the first alert of each group is shown: the others would just follow from it.
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
        ("email_off", lambda facts: facts.email == "off"),
        ("email_missing", lambda facts: facts.email == "missing"),
        ("email_refused", lambda facts: facts.email == "refused"),
        ("texts_refused", lambda facts: facts.texts_refused),
    ),
    (
        ("too_late", lambda facts: facts.too_late),
        ("outside_hours", lambda facts: facts.outside_hours),
    ),
    (("no_text", lambda facts: facts.no_text),),
    (("held", lambda facts: facts.held),),
    (
        ("confirmed", lambda facts: facts.earlier == "confirmed"),
        ("declined", lambda facts: facts.earlier == "declined"),
        ("unrecognized", lambda facts: facts.earlier == "unrecognized"),
        ("asked", lambda facts: facts.earlier == "asked"),
    ),
    (("changed", lambda facts: facts.changed),),
)
# Who can't be texted is asked by e-mail, corrected, or somebody else is asked.
_WAYS_OUT = ("ask_by_email", "open_contact", "choose_contact")
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
    "number_missing": (BLOCK, _WAYS_OUT),
    "number_invalid": (BLOCK, _WAYS_OUT),
    "number_extension": (BLOCK, _WAYS_OUT),
    "number_landline": (BLOCK, _WAYS_OUT),
    "number_wrong": (BLOCK, (*_WAYS_OUT, "trust_number")),
    "opted_out": (
        BLOCK,
        ("choose_contact", "allow_texts", "open_contact", "ask_by_email"),
    ),
    "failed_as_landline": (BLOCK, _WAYS_OUT),
    "opt_out_lifted": (WARN, ()),
    "email_off": (BLOCK, ("open_settings",)),
    "email_missing": (BLOCK, ("open_contact", "choose_contact")),
    "email_refused": (BLOCK, ("choose_contact",)),
    "texts_refused": (WARN, ()),
    "no_text": (BLOCK, ("open_settings",)),
    "held": (BLOCK, ()),
    "confirmed": (WARN, ("open_message",)),
    "declined": (WARN, ("open_schedule", "open_message")),
    "unrecognized": (WARN, ("open_message",)),
    "asked": (WARN, ("open_message",)),
    "changed": (BLOCK, ()),
}
# When many are asked at once nobody reads warnings: these need a person's decision.
_FOR_A_PERSON = {"confirmed", "declined", "unrecognized", "asked", "texts_refused"}
# It's outside the texting hours: a person may send it at once, with a reason.
WAITING = {"too_late", "outside_hours"}
# Problems that an administrator fixes; they have nothing to do with the customer.
SETUP = {"disabled", "not_ready"}
# The number can't be texted: an e-mail may be sent automatically instead. An opt-out
# isn't one of these: whether that customer gets an e-mail is for a person to decide.
_CANT_TEXT = {
    "number_missing",
    "number_invalid",
    "number_extension",
    "number_landline",
    "number_wrong",
    "failed_as_landline",
}


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


def cant_text(alerts):
    """Whether a text is kept back because its number can't be texted."""
    return any(alert.code in _CANT_TEXT for alert in alerts)


def first_for_many(alerts, is_again=False):
    """The first :class:`Alert` that keeps a text from being one of many, or None.

    :param is_again: who was asked and has not responded is asked again, as a person
        decided or a plan does by itself
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
