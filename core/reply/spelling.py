# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The words of all phrases, and which of them a customer's spelling may mean.

"Yesss", "confrimed", "adn", "l'antenna" and "Zählerschrank" are repaired; a word that
may be two others never is.
"""

import re

from .intents import (
    AGREE,
    COMMON,
    CONFIRM,
    DECLINE,
    DOUBT,
    FILLER,
    GLUE,
    GREETING,
    LEAD,
    MARKS,
    NOTE_KINDS,
    OPT_OUT,
    OPT_OUT_ALONE,
    RESCHEDULE,
    THANKS,
    TOPICS,
)
from .text import WORD, unaccented

# Typing errors are only repaired in words so long that no other word is near.
_MIN_TYPO_LENGTH = 6
# In words that are no answer by themselves ("appointment"), but make phrases.
_MIN_TYPO_LENGTH_IN_PHRASE = 8
_MAX_WORD_LENGTH = 24
_MIN_SWAPPED = 3
# Articles and prepositions that lose their end before a vowel.
_SHORTENED = frozenset(
    "l d m t s j c qu dell all nell sull dall coll un quest lorsqu puisqu".split()
)
# Languages that write two nouns as one word.
_COMPOUNDING = frozenset({"de", "nl"})
_MIN_PART = 3
_MIN_LAST_PART = 4
_STRETCHED = re.compile(r"(.)\1{2,}", re.DOTALL)
_STRETCHABLE = frozenset({CONFIRM, AGREE, DECLINE, RESCHEDULE, OPT_OUT, OPT_OUT_ALONE})
_REPAIRABLE = _STRETCHABLE - {OPT_OUT_ALONE} | {THANKS, FILLER}
_SWAPPABLE = frozenset({GLUE, COMMON, FILLER, GREETING, THANKS})
_NONE = frozenset()


class Words:
    """The words of all phrases; never changed after :meth:`index`."""

    __slots__ = ("_compounding", "_singles", "_typos", "keys")

    def __init__(self):
        self.keys = {}  # every word of a phrase, once
        self._singles = {}  # key of one-word phrases: intents
        self._compounding = set()  # nouns that others are made of
        self._typos = {}  # (first letter, length): words repaired to

    def add_phrase_of_one(self, key, lang, intent):
        """Keep what the word means alone, in two letters of a language."""
        if lang in _COMPOUNDING and intent in TOPICS:
            self._compounding.add(key)
        self._singles.setdefault(key, set()).add(intent)

    def meanings_of(self, key):
        """Return the intents of the one-word phrase ``key``, in whatever language."""
        return self._singles.get(key, _NONE)

    def index(self):
        """Note the words to which typing errors are repaired."""
        for key in self.keys:
            if len(key) >= _MIN_TYPO_LENGTH_IN_PHRASE or self._is_answer(key):
                self._typos.setdefault((key[0], len(key)), []).append(key)

    def _is_answer(self, key):
        """Tell whether ``key`` is a longer word that only answers, or is polite.

        A word that also means something else is no safe target.
        """
        intents = self.meanings_of(key) - NOTE_KINDS - MARKS
        return bool(intents) and len(key) >= _MIN_TYPO_LENGTH and intents <= _REPAIRABLE

    def known_key(self, token):
        """Return the key to look ``token`` up by, after repairing its spelling."""
        key = token.key
        if token.kind != WORD or key in self.keys or len(key) > _MAX_WORD_LENGTH * 2:
            return key
        repaired = self._repair(key)
        if repaired != key or token.surface.istitle():  # "Sue" is no "use"
            return repaired
        return self._swapped_back(key) or key

    def _repair(self, key):
        """Return the word that ``key`` may be a spelling of, else ``key`` itself."""
        return (
            self._unstretched(key)
            or self._without_typo(key)
            or self._last_part(key)
            or key
        )

    def _unstretched(self, key):
        """Return the word that ``key`` stretches ("yesss", "noo"), if any."""
        for length in (2, 1):
            short = _STRETCHED.sub(lambda run, n=length: run[1] * n, key)
            if short != key and short in self.keys:
                return short
            if short != key and self._is_stretchable(_single_end(short)):
                return _single_end(short)
        # Two equal letters make another word more often than three ("too", "off").
        single = _single_end(key)
        return single if self._is_stretchable(single) else None

    def after_article(self, token):
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
        intents = self.meanings_of(key)
        return bool(intents) and intents <= NOTE_KINDS - {DOUBT, LEAD}

    def _is_stretchable(self, key):
        return bool(key) and not _STRETCHABLE.isdisjoint(self.meanings_of(key))

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
                frozenset(self.meanings_of(word) - NOTE_KINDS - MARKS)
                for word in answers
            }
            return min(answers) if len(meanings) == 1 else None
        if len(near) == 1 and len(key) >= _MIN_TYPO_LENGTH_IN_PHRASE:
            return near[0]
        return None

    def _swapped_back(self, key):
        """Return the one small or polite word of which two letters are swapped: "adn".

        Of a longer one also a word that agrees: "godo".
        """
        if not _MIN_SWAPPED <= len(key) < _MIN_TYPO_LENGTH or not key.isalpha():
            return None
        words = {
            key[:place] + key[place + 1] + key[place] + key[place + 2 :]
            for place in range(len(key) - 1)
        }
        allowed = (
            _SWAPPABLE if len(key) == _MIN_SWAPPED else _SWAPPABLE | {AGREE, CONFIRM}
        )
        found = [word for word in words if self._may_be_meant(word, allowed)]
        return found[0] if len(found) == 1 else None

    def _may_be_meant(self, word, allowed):
        meanings = self.meanings_of(word) - MARKS
        return not meanings <= {COMMON} and meanings <= allowed


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
