# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Conditions of what the technician is told to do: "if the gate is shut, push it".

They set no condition for the visit. "Call me if it costs more" does: what an
instruction waits for has to be a thing at the place, or the technician's coming.
"""

from . import intents as lx
from .clauses import SILENT, YES
from .text import SYMBOL, is_currency
from .wordclasses import DECIDERS, MONEY, NOT, PAY, begins, keys_of

# What somebody is told to do at a door, on the road, with a bell or an animal.
INSTRUCTS = frozenset(
    "ignore push pull ring knock text call use try honk park walk enter turn follow "
    "shout yell shell hell theyll drive buzz wave whistle ask tell press phone beep "
    "holler klingeln anrufen klopfen drucken rufen nehmen hupen melden parken "
    "lauten klingelt ruft klopft druckt nehmt meldet fragen gehen fahren llame "
    "llamen llamenme llameme toque toquen ignoren empuje empujen pregunten pregunte "
    "preguntad avise avisen aviseme avisenme entren usen peguen griten doblen sigan "
    "timbre timbren ignorez sonnez appelez appelle frappez poussez prenez passez "
    "tapez toquez demandez klaxonnez garez suivez tournez entrez utilisez prevenez "
    "criez montez suoni suonate chiami chiamate chiamatemi bussi bussate spinga "
    "spingete chieda chiedete usate usi passate passi parcheggiate girate "
    "citofonate avvisate avvisi avvisatemi bel klop app bellen kloppen negeer duw "
    "neem toeter roep parkeer loop rij vraag gebruik ligue liguem toquem bata batam "
    "empurre empurrem perguntem pergunte usem entrem buzinem avisem virem sigam "
    "chamem chame".split()
)
_INFINITIVES = frozenset(
    "klingeln anrufen klopfen drucken rufen nehmen hupen melden parken lauten fragen "
    "bellen kloppen aanbellen parkeren aankloppen".split()
)
_GIVES = frozenset(
    "give gives drop shoot send den deme denme dar passez donnez envoyez geben gebt "
    "mandate fate faccia deem mande mandem geef stuur doe".split()
)
_POLITE = frozenset(
    "please just then simply bitte einfach dann por favor entonces sil alors vous per "
    "favore allora gewoon dan aub graag even gerust feel free to kindly plz pls".split()
)
CONDITIONS = frozenset(
    "if when once should si cuando quand lorsque wenn falls sobald se quando "
    "appena als wanneer zodra ao al".split()
)
# The technician, and nobody: whose coming and answering an instruction waits for.
_YOU = frozenset(
    "you your youre u ya yall he she they hes shes theyre nobody noone no there theres "
    "nadie usted ustedes vous tu personne sie ihr du er niemand keiner lei voi "
    "nessuno non voce voces ninguem nao u je jullie hij niemand llegue llegueis "
    "lleguen llegan llega vengan venga encuentran encuentren arrivez "
    "arrivate arriva arrivi trovate trova chegarem chegar estiver estiverem "
    "encontrarem encontrar esten este avete siete tiene tienen tiver tiverem "
    "atrasarem atrasar".split()
)
_I = frozenset("i yo je jentends ich io eu ik oigo sento ouvir".split())
# After these "je" is you, and no French I.
_DUTCH = frozenset("als wanneer zodra".split())
# What the customer may fail to do at the door.
_HEAR = frozenset(
    "hear answer pick open oigo contesto abro entends ouvre reponds hore offne hor "
    "aufmache rispondo sento apro ouvir atender abrir hoor opendoe opneem".split()
)
# Whose consent, time, weather or money is waited for is no thing at the door.
_NO_THING = frozenset(
    "time tiempo temps zeit tempo tijd rain rains snow snows llueve nieva pleut "
    "neige regnet schneit piove nevica chove regent sneeuwt agrees agree allows "
    "allow lets okay ok acuerdo accord einverstanden daccordo acordo goed approves "
    "says said cancel sure bring know check clears refund promise ready better best "
    "done finished finish reschedule must want like dare think decide feel still "
    "todavia toujours encore noch ancora ainda nog".split()
)
# What the customer gets, is granted or goes through: a condition of the visit, however
# one is told to call about it. Or another time.
_MEANS = (
    DECIDERS
    + PAY
    + tuple(
        "hospital tarjet karte kaart cartao krankenhaus ospedale ziekenhuis hopital "
        "jail salary wage loan mortgage financ credit refund grant fund bank clears "
        "allow surger court shift sueldo salario nomina prestamo deposit transfer "
        "aprueb apruev cirug cirurg turno quincena salaire virement pret prime banque "
        "accept autoris operation tribunal gehalt lohn kredit darlehen uberweis "
        "bewillig zusag erlaub schicht stipend prestit bonific accredit mutuo permett "
        "emprest cai aprov liber deixar salaris loon lening krediet hypotheek "
        "storting toestaat operatie dienst akkoord early earlier sooner cancellation "
        "slot antes temprano avant fruher prima cedo eerder vroeger".split()
    )
)
_KIN = tuple(
    "mom mum dad boss wife husband son daughter sister brother landlord babysitter "
    "sitter ride jefe jefa esposa esposo marid mama hijo hija mere pere patron mari "
    "femme chef mann frau mutter vater vermieter capo moglie madre padre marito chefe "
    "mae pai mulher baas vrouw moeder vader huisbaas".split()
)
_THINGS = {lx.ACCESS, lx.HOUSEHOLD, lx.CONTACT, lx.PLACE, lx.JOB}
_OPENS = {lx.CONDITION, lx.LEAD, lx.QUESTION_WORD}
_WORKING = frozenset(
    "works work opens open funciona abre abierto marche ouvert ouvre funktioniert geht "
    "offen funziona aperto apre funcionar abrir aberto werkt opengaat".split()
)
_MAX_SUBJECT = 3
# After them stands the verb of the if itself: "if you call me", "wenn Sie anrufen".
_SUBJECTS = frozenset(
    "you u ya to me us usted ustedes vous tu sie ihr mich uns mir lei voi mi ci "
    "voce voces je jullie mij ons zu te the de het la le el les die der das il o a "
    "my can could will would kannst konnen kann pouvez peux puede pueden puedes puo "
    "potete puoi pode podem kunt kan kunnen".split()
)


def conditions_of(around):
    """Return the indexes of a clause's conditions of what the technician is told."""
    return frozenset(
        index
        for index, segment in enumerate(around.clause)
        if _is_if(segment) and _is_condition_of_instruction(around, index)
    )


def instructs_if(segments):
    """Tell whether segments have both an if and an instruction."""
    return any(map(_is_if, segments)) and any(
        token.key in INSTRUCTS for s in segments for token in s.tokens
    )


def _is_condition_of_instruction(around, index):
    """Tell "bel me als u onderweg bent" from "bel me als het duur wordt".

    The instruction stands before the condition, after it, or in the next clause.
    """
    clause = around.clause
    if not _is_instructive(around, index):
        return False
    said = [*clause, *around.following]
    words = keys_of(said)
    if begins(words, MONEY) or not _NO_THING.isdisjoint(words):
        return False
    if any(t.kind == SYMBOL and is_currency(t.key) for s in said for t in s.tokens):
        return False
    return _waits_for_thing(clause, index)


def waits_for_means(around):
    """Tell "call me when my loan is funded" from "call me when you get here"."""
    said = [*around.clause, *around.following]
    index = next((i for i, s in enumerate(around.clause) if _is_if(s)), None)
    if index is None:
        return False
    if not any(lx.CONTACT in s.kinds or _instructs(s) for s in said):
        return False
    after = around.clause[index + 1 :]
    opening = keys_of([around.clause[index]])  # "if", "if my", "call me if"
    begin = max(i for i, key in enumerate(opening) if key in CONDITIONS)
    words = opening[begin + 1 :] + keys_of(after)
    if not _NO_THING.isdisjoint(words) or begins(words, _MEANS):
        return not any(lx.ACCESS in s.kinds for s in after)
    return begins(words[:_MAX_SUBJECT], _KIN) and _HEAR.isdisjoint(words)


def _is_if(segment):
    """Tell "if", also at the end of "call me if"."""
    if segment.key in CONDITIONS:
        return len(segment.tokens) > 1 or segment.is_any(_OPENS)
    return lx.CONTACT in segment.kinds and segment.tokens[-1].key in CONDITIONS


def instructs(clause, index):
    """Tell whether a clause begins with what the technician is told to do."""
    before = [s for s in clause[:index] if s.key not in _POLITE]
    silent = all(s.kinds <= SILENT or _only_says_yes(s) for s in before)
    return silent and _instructs(clause[index])


def _only_says_yes(segment):
    """Tell the yes of "yes please call if you can't find it"."""
    return lx.PLAIN_YES in segment.kinds or (
        segment.is_any(YES) and segment.kinds <= {*YES, *SILENT}
    )


def _is_instructive(around, index):
    """Tell whether the customer tells what to do, right before or after the if."""
    before = [s for s in around.clause[:index] if s.key not in _POLITE]
    said = [s for s in before if not s.kinds <= SILENT]
    told = [s for s in said if not _only_says_yes(s)]
    if said and not told:
        return False  # "yes if the part is in, call"
    if told or around.clause[index].key not in CONDITIONS:
        return _instructs((told or around.clause)[0])
    if _is_told(around.preceding) and _YOU & set(keys_of(around.clause[index:])[:3]):
        return True
    clause = around.clause[index:]
    pairs = zip(clause, clause[1:], strict=False)
    if any(_instructs(s) and b.tokens[-1].key not in _SUBJECTS for b, s in pairs):
        return True
    following = [s for s in around.following if s.key not in _POLITE]
    return any(map(_instructs, following[:2]))


def _is_told(clause):
    """Tell whether a clause is an instruction, and no yes: "go ahead"."""
    if any(s.is_any(YES) for s in clause):
        return False
    return any(instructs(clause, place) for place in range(len(clause)))


def _instructs(segment):
    keys = [t.key for t in segment.tokens if t.key not in _POLITE]
    if keys and keys[0] in _GIVES:
        return lx.CONTACT in segment.kinds  # "give us a ring"
    # German and Dutch tell it at the end: "ans Fenster klopfen".
    return bool(keys) and (keys[0] in INSTRUCTS or keys[-1] in _INFINITIVES)


def _waits_for_thing(clause, index):
    """Tell whether the gate, the dog, the technician or nobody is waited for."""
    keys = [t.key for t in clause[index].tokens[1:] if clause[index].key in CONDITIONS]
    after = clause[index + 1 :]
    keys += keys_of(after)[:_MAX_SUBJECT]
    dutch = clause[index].tokens[0].key in _DUTCH
    if not (_I - {"je"} if dutch else _I).isdisjoint(keys) or any(
        lx.SUBJECT in s.kinds for s in after[:1]
    ):
        return not _HEAR.isdisjoint(keys_of(after))
    if any(lx.PRESENCE in s.kinds for s in after[:_MAX_SUBJECT]):
        return False
    if not _YOU.isdisjoint(keys):
        return True
    words = keys_of(after)
    fails = _WORKING.isdisjoint(words) or not NOT.isdisjoint(words)
    return fails and any(s.is_any(_THINGS) for s in after[:_MAX_SUBJECT])
