# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The words that customers use, as data.

One row is ``(lang, intent, phrase)``. The rows shipped with the addon are
``data/fsm.confirmation.word.csv``; Odoo loads the same file as records, which an
administrator extends or archives per language. No word of any language is in code.

The language of a customer's text is not known (people answer an English prompt in
Spanish), so all languages are matched at once. A phrase that two languages read
differently has both intents, and the rules take the more cautious one.
"""

import csv
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .text import (
    ANY_NUMBER,
    BREAK,
    DASH,
    LINE,
    NUMBER,
    QUESTION,
    SYMBOL,
    WORD,
    is_currency,
    tokenize_phrase,
)

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
}

# What the rules add for tokens that no phrase covers.
UNKNOWN = "unknown"
CODE = "code"
AMOUNT = "number"
DECORATION = "decoration"
SEPARATOR = "separator"

_CSV = Path(__file__).parents[2] / "data" / "fsm.confirmation.word.csv"
# Typing errors are only repaired in words so long that no other word is near.
_MIN_TYPO_LENGTH = 6
_MAX_WORD_LENGTH = 24
_SHORT = 3
_STRETCHED = re.compile(r"(.)\1{2,}", re.DOTALL)
_REPAIRABLE = frozenset({CONFIRM, AGREE, DECLINE, RESCHEDULE, OPT_OUT})
_STRETCHABLE = _REPAIRABLE | {OPT_OUT_ALONE}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class Segment(NamedTuple):
    """A phrase of the lexicon, or one token it doesn't know, found in a text."""

    kinds: frozenset
    tokens: tuple

    @property
    def surface(self):
        return " ".join(token.surface for token in self.tokens)

    @property
    def key(self):
        return self.tokens[0].key

    def is_any(self, kinds):
        return not self.kinds.isdisjoint(kinds)


class _Node:
    """Node of the trie of phrases."""

    __slots__ = ("children", "is_plain", "kinds", "phrases")

    def __init__(self):
        self.children = {}
        self.phrases = []  # (exact tokens, intent)
        self.kinds = frozenset()
        self.is_plain = True  # no accent can make a difference


_NO_CHILDREN = {}
_PLAIN = ("plain",)  # Phrases that need no second look, however they are written.


_SINGLE_KINDS = {
    kind: frozenset({kind})
    for kind in (UNKNOWN, AMOUNT, DECORATION, SEPARATOR, QUESTION_WORD)
}


class Lexicon:
    """The phrases of all languages, ready for matching; never changed after."""

    __slots__ = ("_keys", "_root", "_singles", "_typos")

    def __init__(self):
        self._root = _Node()
        self._keys = set()
        self._singles = {}  # key of one-word phrases: intents
        self._typos = {}  # word with one letter left out: one-word phrases

    @classmethod
    def from_rows(cls, rows):
        """Return the lexicon of ``(lang, intent, phrase)`` rows.

        Rows with an unknown intent or without a word are left out: a text must be
        understood, however odd a row somebody has added.
        """
        lexicon = cls()
        for lang, intent, phrase in rows:
            if intent not in INTENTS or not phrase:
                continue
            for sequence in _spellings(lang, phrase):
                lexicon._add(intent, sequence)
        lexicon._index_typos()
        lexicon._compact()
        return lexicon

    @classmethod
    def default(cls):
        """Return the lexicon of the rows shipped with the addon."""
        return _default_lexicon()

    def _add(self, intent, pairs):
        if not pairs:
            return
        node = self._root
        for key, _exact in pairs:
            child = node.children.get(key)
            if child is None:
                self._keys.add(key)
                child = node.children[key] = _Node()
            node = child
        phrase = (tuple(exact for _key, exact in pairs), intent)
        if phrase not in node.phrases:
            node.phrases.append(phrase)
            node.kinds |= {intent}
            node.is_plain &= all(len(exact) > _SHORT for exact in phrase[0])
        if len(pairs) == 1:
            self._singles.setdefault(pairs[0][0], set()).add(intent)

    def _compact(self):
        """Give back what only building needs, and keep once what is equal.

        Most nodes are the ends of phrases, and alike. Every process has a lexicon.
        """
        ends = {}
        same_kinds = {}
        waiting = [self._root]
        while waiting:
            node = waiting.pop()
            for key, child in node.children.items():
                child.kinds = same_kinds.setdefault(child.kinds, child.kinds)
                if child.phrases and child.is_plain:
                    child.phrases = _PLAIN
                if child.children:
                    waiting.append(child)
                    continue
                child.children = _NO_CHILDREN
                if child.is_plain:
                    node.children[key] = ends.setdefault(child.kinds, child)

    def _index_typos(self):
        for key, intents in self._singles.items():
            # A word that also means something else is no safe target.
            if len(key) >= _MIN_TYPO_LENGTH and intents <= _REPAIRABLE:
                for near in _one_letter_less(key) | {key}:
                    self._typos.setdefault(near, []).append(key)

    # Words ------------------------------------------------------------------------

    def _known_key(self, token):
        """Return the key to look ``token`` up by, after repairing its spelling."""
        key = token.key
        if token.kind != WORD or key in self._keys or len(key) > _MAX_WORD_LENGTH * 2:
            return key
        return self._unstretched(key) or self._without_typo(key) or key

    def _unstretched(self, key):
        """Return the word that ``key`` stretches ("yesss", "noo"), if any."""
        for length in (1, 2):
            short = _STRETCHED.sub(lambda run, n=length: run[1] * n, key)
            if short != key and short in self._keys:
                return short
            if short != key and self._is_stretchable(_single_end(short)):
                return _single_end(short)
        # Two equal letters make another word more often than three ("too", "off").
        single = _single_end(key)
        return single if self._is_stretchable(single) else None

    def _is_stretchable(self, key):
        return bool(key) and not self._singles.get(key, set()).isdisjoint(_STRETCHABLE)

    def _without_typo(self, key):
        """Return the one long answer word within one typing error of ``key``."""
        if not _MIN_TYPO_LENGTH <= len(key) <= _MAX_WORD_LENGTH:
            return None
        near = set()
        for shorter in _one_letter_less(key) | {key}:
            for word in self._typos.get(shorter, ()):
                if word[0] == key[0] and _is_one_error(key, word):
                    near.add(word)
        meanings = {frozenset(self._singles[word]) for word in near}
        return min(near) if len(meanings) == 1 else None

    # Phrases ----------------------------------------------------------------------

    def segment(self, tokens):
        """Cut ``tokens`` into phrases: few unknown words first, then few phrases.

        From left to right with the longest phrase would stop at "I won't" in
        "I | won't be able to make it", so all ways are compared, from the end.
        """
        keys = [self._known_key(token) for token in tokens]
        size = len(tokens)
        costs = [(0, 0, 0)] * (size + 1)
        cuts = [(0, frozenset())] * size
        for start in range(size - 1, -1, -1):
            unknown, phrases, spread = costs[start + 1]
            best = (unknown + (tokens[start].kind == WORD), phrases + 1, spread - 1)
            cut = (start + 1, None)
            for end, kinds in self._phrases_at(tokens, keys, start):
                unknown, phrases, spread = costs[end]
                # Of equally many phrases, one long with short ones say more than
                # several of middle length: "I | won't be there".
                cost = (unknown, phrases + 1, spread - (end - start) ** 2)
                if cost <= best:
                    best, cut = cost, (end, kinds)
            costs[start], cuts[start] = best, cut
        segments = []
        start = 0
        while start < size:
            end, kinds = cuts[start]
            kinds = kinds or _kinds_of_unknown(tokens[start])
            segments.append(Segment(kinds, tuple(tokens[start:end])))
            start = end
        return segments

    def _phrases_at(self, tokens, keys, start):
        """Yield the end and the intents of every phrase that begins at ``start``."""
        node = self._root
        for index in range(start, len(tokens)):
            children = node.children
            node = children.get(keys[index])
            if node is None and _is_small_number(tokens[index]):
                node = children.get(ANY_NUMBER)
            if node is None:
                break
            if node.phrases:
                kinds = node.kinds
                if not node.is_plain:
                    written = tokens[start : index + 1]
                    kinds = frozenset(
                        intent
                        for exact, intent in node.phrases
                        if _accents_agree(written, exact)
                    )
                if kinds:
                    yield index + 1, kinds


@lru_cache(maxsize=1)
def _default_lexicon():
    with _CSV.open(encoding="utf-8", newline="") as file:
        return Lexicon.from_rows(
            (row["lang"], row["intent"], row["phrase"]) for row in csv.DictReader(file)
        )


def _spellings(lang, phrase):
    yield from tokenize_phrase(phrase)
    if lang and lang.startswith("de"):
        without_umlauts = phrase.casefold().translate(_UMLAUTS)
        if without_umlauts != phrase.casefold():
            yield from tokenize_phrase(without_umlauts)


def _kinds_of_unknown(token):
    if token.kind == WORD:
        kind = UNKNOWN
    elif token.kind == NUMBER:
        kind = AMOUNT
    elif token.kind == QUESTION:
        kind = QUESTION_WORD
    elif token.kind in (BREAK, DASH, LINE):
        kind = SEPARATOR
    elif token.kind == SYMBOL and (is_currency(token.key) or token.key in "&@"):
        kind = UNKNOWN
    else:
        kind = DECORATION
    return _SINGLE_KINDS[kind]


def _is_small_number(token):
    return token.kind == NUMBER and len(token.key) <= 2


def _accents_agree(tokens, exact):
    """Tell whether the accents typed don't make it another word.

    People leave accents out, so the phrase's own accents are optional. Accents they
    do type count in short words: "sí" (yes) is not "si" (if), "já" is not "ja".
    """
    for token, expected in zip(tokens, exact, strict=True):
        if (
            token.kind == WORD
            and len(expected) <= _SHORT
            and token.exact != expected
            and token.exact != token.key
            and expected.isascii()
            and token.key == expected
        ):
            return False
    return True


def _single_end(key):
    """Return ``key`` with the run of equal letters at its end cut to one."""
    if len(key) < 2 or key[-1] != key[-2]:
        return ""
    return key.rstrip(key[-1]) + key[-1]


def _one_letter_less(word):
    return {word[:index] + word[index + 1 :] for index in range(len(word))}


def _is_one_error(typed, word):
    """Tell whether one letter was left out, added, replaced or swapped."""
    if typed == word:
        return True
    shorter, longer = sorted((typed, word), key=len)
    start = 0
    while start < len(shorter) and shorter[start] == longer[start]:
        start += 1
    if len(shorter) == len(longer):
        swapped = (
            typed[start : start + 2] == word[start : start + 2][::-1]
            and typed[start + 2 :] == word[start + 2 :]
        )
        return swapped or typed[start + 1 :] == word[start + 1 :]
    return len(longer) - len(shorter) == 1 and shorter[start:] == longer[start + 1 :]
