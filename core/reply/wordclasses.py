# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Closed classes of small words in the seven languages, and how to look for them.

Several rules share them. Words are compared without accents; "é" and "è" (is) are the
exception, because "e" is an and.
"""

from .text import WORD

AND = frozenset("and n y et und e en".split())
# They also join what follows.
AND_SO = AND | frozenset("then so entonces alors dann dan allora".split())
IS = frozenset("is thats its am im es soy est cest suis ist bin e sono sou ben".split())
IS_EXACT = frozenset("is es est ist é è".split())
THE = frozenset("the el la le der die das il lo o a de het".split())
ARTICLES = THE | frozenset("un une da ein l um een".split())
MY = frozenset(
    "my our mi nuestra mon ma notre mein meine mei unser mio mia nostra meu minha "
    "nossa mijn ons onze".split()
)
NOT = frozenset(
    "no not doesnt wont cant isnt dont hasnt havent arent never pas ne jamais nicht "
    "nie nao non mai niet nooit nunca".split()
)
NOTHING = frozenset("nothing nada rien nichts nix niente nulla niets".split())
NEW = tuple("new nuev nouve neu nuov nov nieuw".split())
AGAIN = frozenset(
    "again another more otra otro vez mas encore autre nouvelle nouveau wieder noch "
    "weitere nochmal altra unaltra ancora nuovo outra outro mais novo weer nog "
    "opnieuw".split()
)
# Stems: what is paid is no visit.
PAY = tuple(
    "bill billed billing invoice charge fee paying pay dollar euro buck factura "
    "facture factur cobr pagar pago pagu payer paye paie rechnung zahl bezahl berechne "
    "fattur fatur pagare paghi paga cobranca conta rekening betal reken".split()
)
MONEY = PAY + tuple(
    "charg cost price pric quote estimat cheap expens free money discount offer "
    "precio cuesta caro cara gratis barat dinero prix cout cher gratuit argent "
    "preis kost teuer teurer billig geld umsonst prezz costa soldi preco custa "
    "dinheiro prijs duur goedkoop".split()
)
# Who approves, or what has to be approved.
DECIDERS = tuple(
    "insur segur assur versicher assicur verzeker landlord casero duen propriet "
    "proprio vermieter hausverwalt padron amminist huisbaas verhuur senhorio syndic "
    "hoa board approv aprob aproba accord genehm zusage autoriz toestem goedkeur "
    "permit permiso permis permess vergunning orcament presupuesto devis preventivo "
    "offert quote condomin respuesta reponse risposta resposta antwort antwoord".split()
)


def keys_of(segments):
    """Return the words of segments, without accents and marks."""
    return [t.key for segment in segments for t in segment.tokens if t.kind == WORD]


def begins(keys, stems):
    """Tell whether a word begins with a stem, also after an elided "l'" or "j'"."""
    return any(key.startswith(stems) or key.startswith(stems, 1) for key in keys)


def has_pair(keys, pair):
    """Tell whether the words stand in this order, with others in between."""
    rest = iter(keys)
    return all(word in rest for word in pair)


def has_phrase(keys, phrases):
    """Tell whether one of the :func:`phrases_of` stands among the words."""
    if phrases.keys().isdisjoint(keys):
        return False
    return any(ends_at(keys, index, phrases) for index in range(len(keys)))


def ends_at(keys, index, phrases):
    """Return where the phrases, see :func:`by_first_word`, end that begin there."""
    first = keys[index] if index < len(keys) else None
    return [
        index + len(phrase)
        for phrase in phrases.get(first, ())
        if tuple(keys[index : index + len(phrase)]) == phrase
    ]


def phrases_of(text):
    """Return the phrases of a text that are separated by "|", by their first words."""
    return by_first_word(tuple(phrase.split()) for phrase in text.split("|"))


def by_first_word(phrases):
    """Return phrases, tuples of words, as lists by the word that they begin with."""
    found = {}
    for phrase in phrases:
        found.setdefault(phrase[0], []).append(phrase)
    return found
