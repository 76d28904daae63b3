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
import re
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from .intents import (
    AGREE,
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
    GLUE,
    GREETING,
    INTENTS,
    LEAD,
    MARKS,
    NOTE_KINDS,
    OPT_OUT,
    OPT_OUT_ALONE,
    PLAIN_YES,
    QUESTION_WORD,
    RESCHEDULE,
    SEPARATOR,
    SMALL_WORDS,
    THANKS,
    TOPICS,
    UNKNOWN,
)
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
    unaccented,
)

_CSV = Path(__file__).parents[2] / "data" / "fsm.confirmation.word.csv"
# Typing errors are only repaired in words so long that no other word is near.
_MIN_TYPO_LENGTH = 6
# In words that are no answer by themselves ("appointment"), but make phrases.
_MIN_TYPO_LENGTH_IN_PHRASE = 8
_MAX_WORD_LENGTH = 24
_MAX_REPAIRED = 10_000
_SHORT = 3
# Articles and prepositions that lose their end before a vowel.
_SHORTENED = frozenset(
    "l d m t s j c qu dell all nell sull dall coll un quest lorsqu puisqu".split()
)
# Languages that write two nouns as one word.
_COMPOUNDING = frozenset({"de", "nl"})
_MIN_PART = 3
_MIN_LAST_PART = 4
# Marks a short word that has an accent in the phrase.
_ACCENT = "\u0301"
_STRETCHED = re.compile(r"(.)\1{2,}", re.DOTALL)
_STRETCHABLE = frozenset({CONFIRM, AGREE, DECLINE, RESCHEDULE, OPT_OUT, OPT_OUT_ALONE})
_REPAIRABLE = _STRETCHABLE - {OPT_OUT_ALONE} | {THANKS, FILLER}
_SWAPPABLE = frozenset({GLUE, COMMON, FILLER, GREETING, THANKS})
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
        "_compounding",
        "_keys",
        "_repaired",
        "_root",
        "_singles",
        "_steps_of",
        "_typos",
    )

    def __init__(self):
        self._root = _Node()
        self._keys = {}  # every word of a phrase, once
        self._accented = {}
        # Customers repeat each other.
        self._repaired = lru_cache(_MAX_REPAIRED)(self._repair)
        self._steps_of = lru_cache(_MAX_REPAIRED)(self._find_steps)
        self._singles = {}  # key of one-word phrases: intents
        self._compounding = set()  # nouns that others are made of
        self._typos = {}  # (first letter, length): words repaired to

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
                    if _language(lang) in _COMPOUNDING and intent in TOPICS:
                        lexicon._compounding.add(pairs[0][0])
                    lexicon._singles.setdefault(pairs[0][0], set()).add(intent)
        lexicon._root = _graph(sorted(phrases))
        lexicon._index_typos()
        return lexicon

    @classmethod
    def default(cls):
        """Return the lexicon of the rows shipped with the addon."""
        return _default_lexicon()

    def _steps(self, pairs):
        """Return the steps through the graph: the words, each string kept once."""
        keys = self._keys
        steps = []
        for key, exact in pairs:
            keys.setdefault(key, key)
            step = key if exact.isascii() or len(key) > _SHORT else key + _ACCENT
            steps.append(keys.get(step) or self._accented.setdefault(step, step))
        return tuple(steps)

    def _index_typos(self):
        for key in self._keys:
            if len(key) >= _MIN_TYPO_LENGTH_IN_PHRASE or self._is_answer(key):
                self._typos.setdefault((key[0], len(key)), []).append(key)

    def _is_answer(self, key):
        """Tell whether ``key`` is a longer word that only answers, or is polite.

        A word that also means something else is no safe target.
        """
        intents = self._singles.get(key, set()) - NOTE_KINDS - MARKS
        return bool(intents) and len(key) >= _MIN_TYPO_LENGTH and intents <= _REPAIRABLE

    # Words ------------------------------------------------------------------------

    def _known_key(self, token):
        """Return the key to look ``token`` up by, after repairing its spelling."""
        key = token.key
        if token.kind != WORD or key in self._keys or len(key) > _MAX_WORD_LENGTH * 2:
            return key
        return self._repaired(key)

    def _repair(self, key):
        """Return the word that ``key`` may be a spelling of, else ``key`` itself."""
        return (
            self._unstretched(key)
            or self._without_typo(key)
            or self._swapped_back(key)
            or self._last_part(key)
            or key
        )

    def _unstretched(self, key):
        """Return the word that ``key`` stretches ("yesss", "noo"), if any."""
        for length in (2, 1):
            short = _STRETCHED.sub(lambda run, n=length: run[1] * n, key)
            if short != key and short in self._keys:
                return short
            if short != key and self._is_stretchable(_single_end(short)):
                return _single_end(short)
        # Two equal letters make another word more often than three ("too", "off").
        single = _single_end(key)
        return single if self._is_stretchable(single) else None

    def _find_steps(self, token):
        """Return the steps that a word may take, also without its article."""
        steps = _steps_of(token, self._known_key(token))
        if "'" in token.surface:
            word = self._after_article(token)
            if word:
                steps += (word,)
        return steps

    def _after_article(self, token):
        """Return the known word after a shortened one, or before "'s": "l'antenna"."""
        article, apostrophe, word = token.surface.casefold().partition("'")
        if word == "s" and self._is_of_notes(unaccented(article)):
            return unaccented(article)
        if not apostrophe or article not in _SHORTENED:
            return None
        return self._is_of_notes(unaccented(word)) and unaccented(word)

    def _last_part(self, key):
        """Return the known noun that a compound ends in: "Zählerschrank"."""
        for start in range(_MIN_PART, len(key) - _MIN_LAST_PART + 1):
            part = key[start:]
            if self._is_of_notes(part) and part in self._compounding:
                return part
        return None

    def _is_of_notes(self, key):
        intents = self._singles.get(key)
        return bool(intents) and intents <= NOTE_KINDS - {DOUBT, LEAD}

    def _is_stretchable(self, key):
        return bool(key) and not self._singles.get(key, set()).isdisjoint(_STRETCHABLE)

    def _without_typo(self, key):
        """Return the one long word within one typing error of ``key``."""
        if not _MIN_TYPO_LENGTH - 1 <= len(key) <= _MAX_WORD_LENGTH:
            return None
        near = [
            word
            for length in (len(key) - 1, len(key), len(key) + 1)
            for word in self._typos.get((key[0], length), ())
            if _is_one_error(key, word)
        ]
        answers = [word for word in near if self._is_answer(word)]
        if answers:
            meanings = {
                frozenset(self._singles[word] - NOTE_KINDS - MARKS) for word in answers
            }
            return min(answers) if len(meanings) == 1 else None
        if len(near) == 1 and len(key) >= _MIN_TYPO_LENGTH_IN_PHRASE:
            return near[0]
        return None

    def _swapped_back(self, key):
        """Return the one small or polite word of which two letters are swapped: "adn".

        Of a longer one also a word that agrees: "godo".
        """
        if not _SHORT <= len(key) < _MIN_TYPO_LENGTH or not key.isalpha():
            return None
        words = {
            key[:place] + key[place + 1] + key[place] + key[place + 2 :]
            for place in range(len(key) - 1)
        }
        allowed = _SWAPPABLE if len(key) == _SHORT else _SWAPPABLE | {AGREE, CONFIRM}
        found = [word for word in words if self._may_be_meant(word, allowed)]
        return found[0] if len(found) == 1 else None

    def _may_be_meant(self, word, allowed):
        meanings = self._singles.get(word, _NONE) - MARKS
        return bool(meanings) and meanings <= allowed and word in self._keys

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
        return self._singles.get(key, _NONE)

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


def _single_end(key):
    """Return ``key`` with the run of equal letters at its end cut to one."""
    if len(key) < 2 or key[-1] != key[-2]:
        return ""
    return key.rstrip(key[-1]) + key[-1]


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
