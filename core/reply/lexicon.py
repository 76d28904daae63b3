# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The words that customers use, as data.

One row is ``(lang, intent, phrase)``. The rows shipped with the addon are
``data/fsm.confirmation.word.csv``; Odoo loads the same file as records, which an
administrator extends or archives per language. In code are closed classes only: days,
months, numbers, "the first", and small words that join.

The language of a customer's text is not known (people answer an English prompt in
Spanish), so all languages are matched at once; :mod:`.languages` chooses afterwards.
"""

import csv
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from .intents import (
    AMOUNT,
    ANY_LANGUAGE,
    ATTEND,
    COMMON,
    CONFIRM,
    DECLINE,
    DECORATION,
    DOUBT,
    FAREWELL,
    FILLER,
    INTENTS,
    LEAD,
    MARKS,
    NOTE_KINDS,
    PLAIN_YES,
    QUESTION_WORD,
    RESCHEDULE,
    SEPARATOR,
    SMALL_WORDS,
    UNKNOWN,
)
from .spelling import Words
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

_CSV = Path(__file__).parents[2] / "data" / "fsm.confirmation.word.csv"
_MAX_STEPS = 10_000
_SHORT = 3
# Marks a short word that has an accent in the phrase.
_ACCENT = "\u0301"
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class Segment(NamedTuple):
    """A phrase of the lexicon, or one token it doesn't know, found in a text."""

    kinds: frozenset
    tokens: tuple
    senses: frozenset = frozenset()  # (language, intent)
    when: object = None  # what it says about time
    refs: frozenset = frozenset()  # ids of the appointments that it names
    every: bool = False  # names all of ``refs``, not one of them

    @property
    def surface(self):
        return " ".join(token.surface for token in self.tokens)

    @property
    def key(self):
        return self.tokens[0].key

    def is_any(self, kinds):
        return not self.kinds.isdisjoint(kinds)


class _Node:
    """What may follow the words of a phrase, and what they mean if it ends here."""

    __slots__ = ("children", "kinds", "senses")

    def __init__(self):
        self.children = _NO_CHILDREN
        self.kinds = _NONE
        self.senses = _NONE  # (language, intent)


# The lexicons of this process by the digest of their rows.
_COMPILED = {}
_MAX_COMPILED = 4
_NO_CHILDREN = {}
_NONE = frozenset()


_SINGLE_KINDS = {
    kind: frozenset({kind})
    for kind in (UNKNOWN, AMOUNT, DECORATION, SEPARATOR, QUESTION_WORD)
}


class Lexicon:
    """The phrases of all languages, ready for matching; never changed after."""

    __slots__ = (
        "_accented",
        "_root",
        "_steps_of",
        "_words",
    )

    def __init__(self):
        self._root = _Node()
        self._words = Words()
        self._accented = {}
        # Customers repeat each other.
        self._steps_of = lru_cache(_MAX_STEPS)(self._find_steps)

    @classmethod
    def from_rows(cls, rows):
        """Return the lexicon of ``(lang, intent, phrase)`` rows.

        Rows with an unknown intent or without a word are left out: a text must be
        understood, however odd a row somebody has added. The same rows give the same
        lexicon, which takes seconds to build, once per process.
        """
        rows = tuple(
            sorted((lang or "", intent, phrase) for lang, intent, phrase in rows)
        )
        digest = blake2b(repr(rows).encode("utf-8", "replace")).digest()
        lexicon = _COMPILED.pop(digest, None) or cls._compile(rows)
        _COMPILED[digest] = lexicon  # the newest last
        while len(_COMPILED) > _MAX_COMPILED:
            _COMPILED.pop(next(iter(_COMPILED)))
        return lexicon

    @classmethod
    def _compile(cls, rows):
        lexicon = cls()
        phrases = set()
        for lang, intent, phrase in rows:
            if intent not in INTENTS or not phrase:
                continue
            for pairs in _spellings(lang, phrase):
                if pairs:
                    phrases.add((lexicon._steps(pairs), (_language(lang), intent)))
                if len(pairs) == 1:
                    known = pairs[0][0], _language(lang), intent
                    lexicon._words.add_phrase_of_one(*known)
        lexicon._root = _graph(sorted(phrases))
        lexicon._words.index()
        return lexicon

    @classmethod
    def default(cls):
        """Return the lexicon of the rows shipped with the addon."""
        return _default_lexicon()

    def _steps(self, pairs):
        """Return the steps through the graph: the words, each string kept once."""
        keys = self._words.keys
        steps = []
        for key, exact in pairs:
            keys.setdefault(key, key)
            step = key if exact.isascii() or len(key) > _SHORT else key + _ACCENT
            steps.append(keys.get(step) or self._accented.setdefault(step, step))
        return tuple(steps)

    def _find_steps(self, token):
        """Return the steps that a word may take, also without its article."""
        steps = _steps_of(token, self._words.known_key(token))
        if "'" in token.surface:
            word = self._words.after_article(token)
            if word:
                steps += (word,)
        return steps

    # Phrases ----------------------------------------------------------------------

    def segment(self, tokens):
        """Cut ``tokens`` into phrases: few unknown words first, then few phrases.

        From left to right with the longest phrase would stop at "I won't" in
        "I | won't be able to make it", so all ways are compared, from the end.
        """
        steps = [self._steps_of(token) for token in tokens]
        size = len(tokens)
        costs = [(0, 0, 0)] * (size + 1)
        cuts = [(0, None, _NONE)] * size
        for start in range(size - 1, -1, -1):
            unknown, phrases, spread = costs[start + 1]
            best = (unknown + (tokens[start].kind == WORD), phrases + 1, spread - 1)
            cut = (start + 1, None, _NONE)
            for end, kinds, senses in self._phrases_at(steps, start):
                unknown, phrases, spread = costs[end]
                if UNKNOWN in kinds and end - start == 1:
                    unknown += 1
                # Of equally many phrases, one long with short ones say more than
                # several of middle length: "I | won't be there".
                cost = (unknown, phrases + 1, spread - (end - start) ** 2)
                if cost <= best:
                    best, cut = cost, (end, kinds, senses)
            costs[start], cuts[start] = best, cut
        segments = []
        start = 0
        while start < size:
            end, kinds, senses = cuts[start]
            kinds = kinds or _kinds_of_unknown(tokens[start])
            segments.append(Segment(kinds, tuple(tokens[start:end]), senses))
            start = end
        return segments

    def _phrases_at(self, steps, start):
        """Yield end, intents and senses of every phrase that begins at ``start``."""
        nodes = [self._root]
        for end in range(start + 1, len(steps) + 1):
            nodes = [
                child
                for node in nodes
                for step in steps[end - 1]
                if (child := node.children.get(step))
            ]
            if not nodes:
                return
            senses = nodes[0].senses
            if len(nodes) > 1:
                senses = senses.union(*(node.senses for node in nodes[1:]))
            if senses:
                kinds = nodes[0].kinds if len(nodes) == 1 else kinds_of(senses)
                yield end, kinds, senses

    def meanings_of(self, key):
        """Return the intents of the one-word phrase ``key``, in whatever language."""
        return self._words.meanings_of(key)

    def begins_with(self, tokens, kind):
        """Return how many words a phrase of ``kind`` at the beginning has."""
        steps = [self._steps_of(token) for token in tokens]
        ends = [end for end, kinds, _s in self._phrases_at(steps, 0) if kind in kinds]
        return max(ends, default=0)

    def has(self, tokens, kind):
        """Tell whether a phrase of ``kind`` stands anywhere in ``tokens``."""
        steps = [self._steps_of(token) for token in tokens]
        return any(
            kind in kinds
            for start in range(len(steps))
            for _end, kinds, _senses in self._phrases_at(steps, start)
        )


def _steps_of(token, key):
    """Return the steps that a word may take.

    People leave accents out, so the phrase's own accents are optional. Accents they
    do type count in short words: "sí" (yes) is not "si" (if), "já" is not "ja".
    """
    if _is_small_number(token):
        return key, ANY_NUMBER
    if len(key) > _SHORT:
        return (key,)
    if token.exact != token.key == key and key.isascii():
        return (key + _ACCENT,)
    return key, key + _ACCENT


def _graph(phrases):
    """Return the first node of the smallest graph that has all sorted ``phrases``.

    Phrases share their beginnings and their ends, as most of the many ways to say a
    thing differ in the middle. Every process has a lexicon.
    """
    alike = {}
    path = [_Node()]
    before = ()
    for steps, sense in phrases:
        shared = 0
        for step, other in zip(steps, before, strict=False):
            if step != other:
                break
            shared += 1
        _share(path, before, shared, alike)
        for step in steps[shared:]:
            node = _Node()
            if not path[-1].children:
                path[-1].children = {}
            path[-1].children[step] = node
            path.append(node)
        path[-1].senses |= {sense}
        before = steps
    _share(path, before, 0, alike)
    return path[0]


def _share(path, steps, length, alike):
    """Cut ``path`` to ``length`` steps, keeping once the nodes that are alike."""
    while len(path) > length + 1:
        node = path.pop()
        node.senses = alike.setdefault(node.senses, node.senses)
        node.kinds = kinds_of(node.senses)
        ways = tuple((step, id(child)) for step, child in node.children.items())
        path[-1].children[steps[len(path) - 1]] = alike.setdefault(
            (node.senses, ways), node
        )


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


@lru_cache(maxsize=4096)
def kinds_of(senses):
    """Return the intents of ``senses``; what is known for notes only is unknown."""
    kinds = frozenset(intent for _lang, intent in senses)
    if kinds == {FAREWELL}:
        return kinds | {FILLER}
    if not kinds.isdisjoint({PLAIN_YES, ATTEND}) and kinds.isdisjoint(
        {DECLINE, RESCHEDULE}
    ):
        kinds |= {CONFIRM}
    if COMMON in kinds and kinds - NOTE_KINDS - MARKS <= SMALL_WORDS:
        if not kinds.isdisjoint(SMALL_WORDS):
            kinds -= {COMMON}
    if not kinds.isdisjoint({DECLINE, RESCHEDULE}):
        kinds -= {DOUBT, LEAD}
    if kinds and kinds <= NOTE_KINDS | MARKS:
        return kinds | {UNKNOWN}
    return kinds


def _language(lang):
    return lang[:2] if lang and lang != ANY_LANGUAGE else ANY_LANGUAGE


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
