# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A yes to another matter than the visit, which confirms none.

"Confirmed receipt of your message" says that the text came, "yes the bill is paid" is
about the bill, "yes bye, it no longer leaks" needs nobody. Closed classes of words, in
the seven languages.
"""

from . import intents as lx
from .clauses import POLITE, REFUSALS, SILENT, YES, is_bare_no, split_clauses
from .text import WORD

# What came, or was done with what came -------------------------------------------
_RECEIPT = frozenset(
    "receipt recepcion acuse reception accuse erhalt empfang eingang ricezione "
    "ontvangst recepcao rececao recebimento".split()
)
_CONFIRMS = ("confirm", "acknowledg", "bestatig", "bestaetig", "bevestig", "conferm")
_MESSAGES = frozenset(
    "message msg text txt sms notification email mail mensaje texto correo courriel "
    "texto nachricht mitteilung messaggio bericht berichtje mensagem recado".split()
)
_CAME = frozenset(
    "received receiving got getting gets read seen see saw saved saving save "
    "forwarded came recibido recibi recibimos leido lei visto vi guardo guarde "
    "llego recu lu vu garde enregistre transfere erhalten bekommen gelesen gesehen "
    "speichere gespeichert weitergeleitet angekommen ricevuto letto salvo salvato "
    "girato arrivato ontvangen gekregen gelezen gezien bewaar doorgestuurd "
    "binnengekomen recebi recebida recebido recebemos li vista guardei "
    "encaminhei".split()
)
# The office: what is paid, covered or ordered is no visit --------------------------
_PAPERS = (
    "invoice bill warranty guarantee deposit factura garantia anticipo facture "
    "acompte garantie rechnung anzahlung fattura garanzia acconto factuur rekening "
    "aanbetaling fatura boleto"
).split()
_SETTLED = frozenset(
    "paid arrived came covers covered sent pague pagamos pagado pagada llego cubre "
    "cubierto cubierta paye payee paie regle reglee arrivee recue couvre couvert "
    "couverte bezahlt uberwiesen deckt gedeckt zahlt pagato pagata arrivata coperto "
    "coperta copre betaald dekt gedekt valt paguei pago paga chegou cobre coberto "
    "coberta".split()
)
_HERE = frozenset("da hier binnen here aqui aca qui".split())
_IN = frozenset("in is ist".split())
_UNDER = frozenset("under bajo unter onder sous sotto sob".split())
_PARTS = frozenset(
    "part parts pieza piezas repuesto repuestos piece pieces teil teile ersatzteil "
    "ersatzteile pezzo pezzi ricambio ricambi onderdeel onderdelen peca pecas".split()
)
_ORDERED = frozenset(
    "ordered backordered pedida pedidas pedido pedidos encargada encargado "
    "commandee commandees bestellt ordinato ordinati besteld encomendada "
    "encomendadas".split()
)
_ON_ORDER = (
    ("on", "order"),
    ("back", "order"),
    ("en", "commande"),
    ("in", "ordine"),
    ("in", "bestelling"),
)
_IN_WARRANTY = frozenset("in na en em".split())
# "Yes just the estimate" is a yes to less.
_BARELY = frozenset(
    "just only merely solo solamente nomas mas juste seulement nur bloss lediglich "
    "solo soltanto apenas so somente enkel alleen slechts".split()
)
_ESTIMATES = (
    "estimate quote presupuest cotiza devis soumission kostenvoranschl angebot "
    "preventiv orcament offert bestek"
).split()
# Who one is, while somebody else decides ------------------------------------------
_MY = frozenset(
    "my our mi nuestra mon ma notre mein meine mei unser mio mia nostra meu minha "
    "nossa mijn ons onze".split()
)
_NAMES = frozenset(
    "name address number phone nombre direccion numero nom adresse telephone nummer "
    "telefonnummer indirizzo nome morada endereco naam adres telefoonnummer".split()
)
_OWNED = _NAMES | frozenset(
    "house home place property building casa piso maison appart appartement haus "
    "wohnung appartamento huis woning apartamento predio".split()
)
_OWNERS = (
    "owner duen proprietair eigentum besitzer proprietari dona dono eigenaar"
).split()
_IS = frozenset(
    "is thats its am im es soy est cest suis ist bin e sono sou ben".split()
)
_HANDLES = frozenset(
    "handles handle deals manages decides encarga ocupa gestiona occupe charge gere "
    "soccupe kummert regelt zustandig occupa pensa gestisce segue beheert trata "
    "cuida resolve talk speak hable hablen parlez voyez reden sprechen sentire "
    "parlate parli fale falem praten spreken".split()
)
_RIGHT = frozenset(
    "right correct same correcto bon bonne richtige giusto juiste certo".split()
)
_TOLD = {lx.ACCESS, lx.CONTACT, lx.PLACE, lx.HOUSEHOLD, lx.JOB}
# What is over ---------------------------------------------------------------------
_FAULTS = (
    "leak drip nois smell squeak rattl flicker gotea perd pierde fug ruido huele "
    "coul fuit goutt bruit pue tropf rinnt leck gerausch larm stink gocciol perde "
    "rumor puzza lek drup lawaai geluid ping vaz gotej barulh cheir"
).split()
_NO_MORE = (
    ("longer",),
    ("anymore",),
    ("nimmer",),
    ("quit",),
    ("stopped",),
    ("aufgehort",),
    ("paro",),
    ("parou",),
    ("dejo",),
    ("deixou",),
    ("arrete",),
    ("smesso",),
    ("gestopt",),
    ("opgehouden",),
    ("ya", "no"),
    ("ja", "nao"),
    ("pas", "plus"),
    ("nicht", "mehr"),
    ("kein", "mehr"),
    ("keine", "mehr"),
    ("niet", "meer"),
    ("nie", "meer"),
    ("geen", "meer"),
    ("non", "piu"),
    ("nao", "mais"),
)
_PLUS = frozenset("plus pus pu".split())
# What others said, or are to say ----------------------------------------------------
_YOU_SAY = tuple(
    tuple(words.split())
    for words in (
        "youre saying|you are saying|you say|you said|youre telling|you told|"
        "you promised|me dicen|me dices|me dijo|me dijeron|"
        "usted dijo|ustedes dijeron|dicen que|dijeron que|vous dites|tu dis|"
        "vous disiez|"
        "avez dit|aviez dit|sie sagen|sie sagten|du sagst|ihr sagt|sie meinen|"
        "du meinst|mi dice|mi dite|lei dice|avete detto|avevate detto|ha detto|je zegt|"
        "u zegt|jullie zeggen|jullie zeiden|bedoelt u|bedoel je|voce diz|voces dizem|"
        "voce disse|voces disseram|me disse|me disseram|esta dizendo|esta a dizer"
    ).split("|")
)
_WAITS = (
    "wait esper aguard attend attesa aspett wart abwart wacht afwacht espera"
).split()
_DECIDERS = (
    "insur segur assur versicher assicur verzeker landlord casero duen propriet "
    "proprio vermieter hausverwalt padron amminist huisbaas verhuur senhorio syndic "
    "hoa board approv aprob aproba accord genehm zusage autoriz toestem goedkeur "
    "permit permiso permis permess vergunning orcament presupuesto devis preventivo "
    "offert quote condomin respuesta reponse risposta resposta antwort antwoord"
).split()
# Disbelief ------------------------------------------------------------------------
_AND = frozenset("and y e et und en".split())
_NOBODY = frozenset(
    "president presidente bundeskanzler kanzler pope papa pape papst paus king "
    "queen emperor rey reina emperador roi reine empereur konig konigin kaiser re "
    "regina imperatore rei rainha imperador koning koningin keizer santa "
    "sinterklaas kerstman weihnachtsmann osterhase napoleon napoleone napoleao "
    "einstein elvis batman superman astronaut astronauta astronaute jesus".split()
)
_ARTICLES = frozenset(
    "the a el un une le la der da die ein il lo l o um de een".split()
)
# A broken car keeps its driver away -------------------------------------------------
_CARS = frozenset("car truck auto coche carro camioneta voiture wagen".split())
_BROKEN = frozenset(
    "broken broke dead kaputt stuk kapot rotto rotta roto rota averiado "
    "descompuesto quebrou quebrado avariado avariou panne brise brisee werkstatt "
    "taller officina oficina shop".split()
)


def find_other_matter(segments):
    """Return the segments of a yes to another matter, or an empty list.

    A worded refusal is left alone: it stands whatever is said with it.
    """
    if any(s.is_any(REFUSALS) and not is_bare_no(s) for s in segments):
        return []
    clauses = [clause for clause, _asks in split_clauses(segments)]
    said_yes = False
    for clause in clauses:
        said_yes = said_yes or any(s.is_any(YES) for s in clause)
        if not said_yes:
            continue
        if any(tells(clause, _keys(clause)) for tells in _ANYWHERE):
            return clause
        if any(tells(_keys(clause)) for tells in _ALONE) and _is_all(clauses, clause):
            return clause
    return []


def _keys(clause):
    return [t.key for segment in clause for t in segment.tokens if t.kind == WORD]


def _is_all(clauses, matter):
    """Tell whether no note, no day and, after "yes, I confirm", no yes is said.

    :param matter: the clause that is about the other matter
    """
    told = [s for c in clauses if c is not matter for s in c if not s.is_any(YES)]
    if any(not s.kinds <= SILENT or s.refs for s in told):
        return False
    begun = False
    for segment in (s for c in clauses for s in c):
        if not segment.is_any(YES):
            begun = begun or not segment.kinds <= POLITE or len(segment.tokens) > 1
        elif begun or segment.refs:
            return False
    return True


def _begins(keys, stems):
    """Tell whether a word begins with a stem, also after an elided "l'" or "j'"."""
    stems = tuple(stems)
    return any(key.startswith(stems) or key[1:].startswith(stems) for key in keys)


def _has_pair(keys, pair):
    """Tell whether the words stand in this order, with others in between."""
    rest = iter(keys)
    return all(word in rest for word in pair)


def _has_run(keys, run):
    return any(
        tuple(keys[i : i + len(run)]) == run for i in range(len(keys) - len(run) + 1)
    )


def _is_receipt(keys):
    """Tell "I got your message" and "reading your text"."""
    return not (_MESSAGES.isdisjoint(keys) or _CAME.isdisjoint(keys))


def _is_name(keys):
    """Tell "yes that is my name", which answers another question."""
    pairs = [set(pair) for pair in zip(keys, keys[1:], strict=False)]
    return any(
        _IS & set(keys[:place]) and pair & (_MY | _RIGHT) and pair & _NAMES
        for place, pair in enumerate(pairs)
    )


def _confirms_receipt(_clause, keys):
    """Tell "confirming receipt (of your message)" from "reception has the key"."""
    if _RECEIPT.isdisjoint(keys):
        return False
    return not _MESSAGES.isdisjoint(keys) or any(
        word.startswith(_CONFIRMS) and _RECEIPT & set(keys[place : place + 4])
        for place, word in enumerate(keys)
    )


def _is_settled(_clause, keys):
    """Tell "the bill is paid", "the warranty covers it", "the part is ordered"."""
    if not (_PARTS.isdisjoint(keys) or _ORDERED.isdisjoint(keys)):
        return True
    if any(_has_run(keys, run) for run in _ON_ORDER):
        return True
    if not _begins(keys, _PAPERS):
        return False
    here = keys[-1] in _HERE and not _IN.isdisjoint(keys)
    pairs = zip(keys, keys[1:], strict=False)
    if any(a in _IN_WARRANTY and b.startswith("garan") for a, b in pairs):
        return True
    return here or not (_SETTLED | _UNDER).isdisjoint(keys)


def _is_estimate_only(_clause, keys):
    """Tell "yes just the estimate", a yes to less than was asked."""
    return not _BARELY.isdisjoint(keys) and _begins(keys, _ESTIMATES)


def _is_anothers(clause, keys):
    """Tell "it is my address but somebody else deals with it"."""
    but = next((i for i, s in enumerate(clause) if lx.BUT in s.kinds), None)
    if but is None:
        return False
    before, after = _keys(clause[:but]), clause[but + 1 :]
    mine = not (_MY.isdisjoint(before) or _OWNED.isdisjoint(before))
    if not (mine or _begins(before, _OWNERS)):
        return False
    handled = not _HANDLES.isdisjoint(_keys(after)) or _begins(_keys(after), _DECIDERS)
    return handled or not any(s.is_any(_TOLD) for s in after)


def _is_over(_clause, keys):
    """Tell "it no longer leaks" from "it no longer works"."""
    if not _begins(keys, _FAULTS):
        return False
    ends = not _PLUS.isdisjoint(keys[-1:])  # "ça coule plus"
    return ends or any(_has_pair(keys, pair) for pair in _NO_MORE)


def _is_reported(_clause, keys):
    """Tell "so you're saying yes": what somebody said is for them to say."""
    return any(_has_run(keys, run) for run in _YOU_SAY)


def _waits(_clause, keys):
    """Tell "I'm waiting for the insurance" from "we're waiting for you"."""
    return _begins(keys, _WAITS) and _begins(keys, _DECIDERS)


def _is_nobody(_clause, keys):
    """Tell "and my cat is the president", "und i bin da Papst"."""
    for place, key in enumerate(keys):
        if key in _NOBODY and place > 1 and not (_AND | _MY).isdisjoint(keys[:place]):
            before = keys[place - 1]
            before = keys[place - 2] if before in _ARTICLES else before
            if before in _IS:
                return True
    return False


def _has_no_car(_clause, keys):
    """Tell "my car is broken" from "the garage door is broken"."""
    pairs = zip(keys, keys[1:], strict=False)
    mine = any(a in _MY and b in _CARS for a, b in pairs)
    mine = mine or (_has_run(keys, ("mi", "si")) and "lauto" in keys)
    return mine and not _BROKEN.isdisjoint(keys)


_ALONE = (_is_receipt, _is_name)
_ANYWHERE = (
    _confirms_receipt,
    _is_settled,
    _is_estimate_only,
    _is_anothers,
    _is_over,
    _is_reported,
    _waits,
    _is_nobody,
    _has_no_car,
)
