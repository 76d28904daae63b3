# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Choose the language of a text by its words, and read its vetoes in that one only.

"Ma" is a but in Italian and no such thing in "Yes ma'am"; "si" is a yes in Spanish
and an if in French. Opting out counts in every language.
"""

from . import intents as lx
from .lexicon import kinds_of

# With so many words a text is in a language beyond doubt.
_SURE = 3
_VETOES = frozenset(
    {
        lx.CONDITION,
        lx.QUESTION_WORD,
        lx.UNCLEAR,
        lx.NEGATION,
        lx.EXCUSE,
        lx.TIME,
        lx.DOUBT,
        lx.KEEP,
        lx.BUT,
    }
)
_EVERYWHERE = frozenset(
    {lx.OPT_OUT, lx.OPT_OUT_ALONE, lx.OPT_IN, lx.WRONG_NUMBER, lx.AUTO_REPLY}
)
_ANSWERS = frozenset(
    {lx.CONFIRM, lx.AGREE, lx.DECLINE, lx.RESCHEDULE, lx.GLUE, lx.FILLER}
)
_FOREIGN = frozenset({lx.UNKNOWN})


def languages_of(segments):
    """Return the languages that most words of a text belong to, and how many do.

    :return: frozenset of two-letter codes, several if they tie; the number of words of
        each; the number of words by language
    """
    scores = {}
    for segment in segments:
        for lang in {lang for lang, _intent in segment.senses}:
            scores[lang] = scores.get(lang, 0) + len(segment.tokens)
    scores.pop(lx.ANY_LANGUAGE, None)
    best = max(scores.values(), default=0)
    return frozenset(la for la, score in scores.items() if score == best), best, scores


def in_one_language(segments):
    """Return ``segments`` without the meanings of other languages than the text's."""
    main, best, scores = languages_of(segments)
    if best < 2:
        return segments
    spoken = main | {lx.ANY_LANGUAGE}
    return [_restricted(segment, spoken, best, scores) for segment in segments]


def _restricted(segment, spoken, best, scores):
    senses = segment.senses
    foreign = {sense for sense in senses if sense[0] not in spoken}
    if not foreign:
        return segment
    if foreign == senses:
        return _without_foreign_veto(segment, best, scores)
    short = best < _SURE
    kept = senses - {
        (lang, intent)
        for lang, intent in foreign
        if intent not in _EVERYWHERE and (intent in _VETOES or not short)
    }
    intents = {intent for _lang, intent in kept}
    if lx.DOUBT in intents:
        return segment
    if intents <= lx.NOTE_KINDS | lx.MARKS:
        # "Cancelar" is in the list of one language, and understood in two.
        kept |= {sense for sense in senses if sense[1] in _ANSWERS}
    return segment._replace(kinds=kinds_of(kept), senses=kept)


def _without_foreign_veto(segment, best, scores):
    """Drop a single word of another language: "the dog's name is Pero"."""
    intents = {intent for _lang, intent in segment.senses}
    most = max(scores[lang] for lang, _intent in segment.senses)
    if len(segment.tokens) > 1 or best < _SURE or most * 3 > best:
        return segment
    if lx.GLUE in intents and not intents & _VETOES:
        return segment  # "c'est bon for tuesday"
    vetoes = intents & (_VETOES | lx.NOTE_KINDS)
    if vetoes and intents <= vetoes | {lx.GLUE, lx.FILLER}:
        return segment._replace(kinds=_FOREIGN, senses=frozenset())
    return segment
