# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a phrase of the lexicon, or a part of a text, can mean."""

# What a phrase can mean. The keys are those of the selection field of the model
# ``fsm.confirmation.word``.
CONFIRM = "confirm"
AGREE = "agree"
KEEP = "keep"
DECLINE = "decline"
RESCHEDULE = "reschedule"
OPT_OUT = "opt_out"
OPT_OUT_ALONE = "opt_out_alone"
OPT_IN = "opt_in"
HELP = "help"
ALL = "all"
FILLER = "filler"
GLUE = "glue"
GREETING = "greeting"
THANKS = "thanks"
NAME_INTRO = "name_intro"
EXCUSE = "excuse"
TIME = "time"
CONDITION = "condition"
QUESTION_WORD = "question"
UNCLEAR = "unclear"
NEGATION = "negation"
INSTRUCTION = "instruction"
PROMPT = "prompt"
REACTION = "reaction"
REACTION_LIKE = "reaction_like"
SIGNATURE = "signature"
QUOTE_START = "quote_start"
AUTO_REPLY = "auto_reply"
WRONG_NUMBER = "wrong_number"
REACTION_REMOVED = "reaction_removed"
REACTION_KIND = "reaction_kind"
# What may stand beside a clear yes as a note, by kind.
ACCESS = "access"
HOUSEHOLD = "household"
CONTACT = "contact"
PLACE = "place"
JOB = "job"
PRESENCE = "presence"
COMMON = "common"
LEAD = "lead"
DOUBT = "doubt"
REQUEST = "request"
# What tells a courtesy from an answer when no question was asked last.
PLAIN_YES = "yes"
ATTEND = "attend"
FAREWELL = "farewell"
RETURN = "return"
BUT = "but"
SUBJECT = "subject"

INTENTS = {
    CONFIRM: "Yes: confirms",
    AGREE: "OK: confirms if nothing else is said",
    KEEP: "Don't cancel: undoes a no, confirms nothing",
    DECLINE: "No: declines",
    RESCHEDULE: "Asks for another time (declines)",
    OPT_OUT: "Opts out, anywhere in a text",
    OPT_OUT_ALONE: "Opts out if it stands alone",
    OPT_IN: "Opts in again",
    HELP: "Asks who we are",
    ALL: "All of them (several appointments)",
    GREETING: "Greeting (a name may follow)",
    THANKS: "Thanks (a name may follow)",
    FILLER: "Politeness and remarks without effect",
    GLUE: "Small words without effect",
    NAME_INTRO: "Introduces a name",
    EXCUSE: "Reason not to come",
    TIME: "Day or time",
    CONDITION: "Condition or doubt (if, but, maybe)",
    QUESTION_WORD: "Question",
    NEGATION: "Negation of what follows",
    UNCLEAR: "Looks like an answer but is none",
    INSTRUCTION: "Verb of a prompt (Reply YES)",
    PROMPT: "Words only a prompt has",
    REACTION: "Phone reaction that is no answer (Loved)",
    REACTION_LIKE: "Phone reaction that agrees (Liked)",
    SIGNATURE: "Signature of a phone or mail program",
    QUOTE_START: "Header of a quoted or forwarded text",
    AUTO_REPLY: "Automatic reply",
    WRONG_NUMBER: "Wrong number or person",
    REACTION_REMOVED: "Phone reaction taken back (beside another word)",
    REACTION_KIND: "Phone reaction that only is kind (beside another word)",
    ACCESS: "Note: how to get in",
    HOUSEHOLD: "Note: animals and children",
    CONTACT: "Note: call or text",
    PLACE: "Note: where it is",
    JOB: "Note: what is to be done",
    PRESENCE: "Note: who will be there",
    COMMON: "Note: ordinary words",
    LEAD: "Before, when (beside call or text)",
    DOUBT: "Takes a yes back in a note",
    REQUEST: "Note: asks for something (can you)",
    PLAIN_YES: "Plain yes (beside Yes)",
    ATTEND: "Comes or may come (beside Yes)",
    FAREWELL: "See you (beside Yes)",
    RETURN: "Change of mind (after all)",
    BUT: "But",
    SUBJECT: "Begins a sentence after No",
}
TOPICS = frozenset({ACCESS, HOUSEHOLD, CONTACT, PLACE, JOB, PRESENCE})
# A word that is known for notes only is no part of an answer.
NOTE_KINDS = TOPICS | {COMMON, LEAD, DOUBT, SUBJECT, REQUEST}
SMALL_WORDS = frozenset({FILLER, GLUE, GREETING, THANKS, NAME_INTRO})
# Kinds that only add to what a phrase says.
MARKS = frozenset(
    {PLAIN_YES, ATTEND, FAREWELL, RETURN, REACTION_REMOVED, REACTION_KIND}
)

# What the rules add for tokens that no phrase covers.
UNKNOWN = "unknown"
CODE = "code"
AMOUNT = "number"
DECORATION = "decoration"
SEPARATOR = "separator"
OWN = "own"  # repeats the appointment
OTHER = "other"  # a day, an hour, a number that is not the appointment's

ANY_LANGUAGE = "any"
