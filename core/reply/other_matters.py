# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A yes to another matter than the visit, which confirms none.

"Confirmed receipt of your message" says that the text came, "yes the bill is paid" is
about the bill, "yes, I sent it to my husband" leaves it to him. Closed classes of
words, in the seven languages.
"""

from . import intents as lx
from .clauses import POLITE, REFUSALS, SILENT, YES, is_bare_no, split_clauses
from .hindrances import HINDRANCES
from .wordclasses import (
    ARTICLES,
    DECIDERS,
    IS,
    MY,
    NEW,
    begins,
    has_pair,
    has_phrase,
    keys_of,
    phrases_of,
)

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
_PAPERS = tuple(
    "invoice bill warranty guarantee deposit factura garantia anticipo facture "
    "acompte garantie rechnung anzahlung fattura garanzia acconto factuur rekening "
    "aanbetaling fatura boleto".split()
)
_SETTLED = frozenset(
    "paid arrived came covers covered sent pague pagamos pagado pagada llego cubre "
    "cubierto cubierta paye payee paie regle reglee arrivee recue couvre couvert "
    "couverte bezahlt uberwiesen deckt gedeckt zahlt pagato pagata arrivata coperto "
    "coperta copre betaald dekt gedekt valt paguei pago paga chegou cobre coberto "
    "coberta".split()
)
_PAYMENTS = tuple(
    "payment pago paiement virement uberweis zahlung pagament bonific betaling "
    "overschrijving transfer cheque check".split()
)
_SENT = frozenset(
    "sent mailed mail mande envie enviado mandado fait envoye parti raus geschickt "
    "erledigt enviei mandei feito mandato inviato fatto verstuurd overgemaakt gedaan "
    "onderweg hecho".split()
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
_ON_ORDER = phrases_of("on order|back order|en commande|in ordine|in bestelling")
_IN_WARRANTY = frozenset("in na en em".split())
# "Yes just the estimate" is a yes to less.
_BARELY = frozenset(
    "just giusto nomas only merely solo solamente mas juste seulement nur bloss "
    "lediglich soltanto apenas so somente enkel alleen slechts".split()
)
_ESTIMATES = tuple(
    "estimate quote presupuest cotiza devis soumission kostenvoranschl angebot "
    "preventiv orcament offert bestek".split()
)
# Who one is, while somebody else decides ------------------------------------------
_NAMES = frozenset(
    "name address number phone nombre direccion numero nom adresse telephone nummer "
    "telefonnummer indirizzo nome morada endereco naam adres telefoonnummer".split()
)
_OWNED = _NAMES | frozenset(
    "house home place property building casa piso maison appart appartement haus "
    "wohnung appartamento huis woning apartamento predio".split()
)
_OWNERS = tuple(
    "owner duen proprietair eigentum besitzer proprietari dona dono eigenaar".split()
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
# What others said, or are to say ----------------------------------------------------
_YOU_SAY = phrases_of(
    "youre saying|you are saying|you say|you said|youre telling|you told|"
    "you promised|me dicen|me dices|me dijo|me dijeron|"
    "usted dijo|ustedes dijeron|dicen que|dijeron que|vous dites|tu dis|"
    "vous disiez|"
    "avez dit|aviez dit|sie sagen|sie sagten|du sagst|ihr sagt|sie meinen|"
    "du meinst|mi dice|mi dite|lei dice|avete detto|avevate detto|ha detto|je zegt|"
    "u zegt|jullie zeggen|jullie zeiden|bedoelt u|bedoel je|voce diz|voces dizem|"
    "voce disse|voces disseram|me disse|me disseram|esta dizendo|esta a dizer"
)
# Whom a yes is left to ----------------------------------------------------------------
_FAMILY = tuple(
    "husband wife partner son daughter sister brother mother mom mum father dad boss "
    "manager landlord owner tenant roommate boyfriend girlfriend lawyer marido mujer "
    "esposa esposo hijo hija hermana hermano madre padre jefe duen casero mari femme "
    "fils fille soeur frere patron proprio conjoint mann frau sohn tochter schwester "
    "bruder mutter vater chef vermieter hausverwalt eigentumer moglie figli sorella "
    "fratello capo padrone amministra filh irma irmao mae pai patrao senhorio dono man "
    "vrouw zoon dochter zus broer moeder vader baas huisbaas verhuurder eigenaar "
    "schoonzoon beheerder verwalter propriet".split()
)
_PASSED_ON = phrases_of(
    """forwarded|forwarding|forward it|sent it|sent this|send it to|passed it|
    passed this|passing it|passing this|pass it on|pass this on|show it to|showed it|
    run it by|run this by|run it past|se lo mande|se lo envie|se lo reenvie|
    se lo pase|se lo paso|se lo muestro|se lo doy|lo consulto|lo reenvie|lo comento|
    lai envoye|lai transmis|ai transmis|je transmets|transfere|je montre|
    lai donne|jen parle|weitergeleitet|weitergegeben|weitergeschickt|leite es|gebe es|
    gebs|zeig es|zeige es|lho girato|ho girato|lho inoltrato|inoltrato|giro a|
    lo faccio vedere|lo passo|lo giro|mandei ao|mandei para|enviei ao|enviei a|
    enviei para|encaminhei|encaminho|passei ao|passei para|mostro ao|doorgestuurd|
    doorgegeven|stuur het|leg het|geef het|laat het zien"""
)
# The phone, the house -----------------------------------------------------------------
_PHONES = frozenset(
    "phone cell number telefono celular movil numero telephone portable handy telefon "
    "nummer cellulare telemovel telefone telefoon mobiel gsm".split()
)
_THIS_IS = phrases_of(
    "this is|thats|that is|its|it is|you reached|este es|es el|esto es|cest le|"
    "ici cest le|das ist|dies ist|questo e|e il|este e|e o|isto e|dit is|het is|dat is"
)
_CALLS = tuple(
    "call text ring try use llam marq appel sonn ruf klingel chiam telefon lig bel "
    "app".split()
)
_HOW = frozenset(
    "who how where quien donde como qui comment dou ou wer woher wie chi come dove "
    "quem onde hoe waar".split()
)
_GOT = frozenset(
    "gave given get got getting have dio dieron sacaron saco tienen tiene consiguieron "
    "donne avez eu trouve gegeben haben habt hat bekommen dato avuto avete trovato "
    "preso deu deram conseguiram tem arranjaram gegeven heeft hebt hebben komt komen "
    "kom".split()
)
_OCCUPANTS = tuple(
    "tenant owner renter landlord inquilin duen propriet locataire mieter vermieter "
    "eigentum besitzer arrendat dono dona huurder eigenaar bewoner".split()
)
_I_AM = phrases_of(
    "im|i am|we are|were|theres|there is|there are|thats|soy|somos|hay|es del|je suis|"
    "il y a|cest|ich bin|wir sind|es gibt|das ist|gibt|sono|siamo|ce|e del|sou|somos|"
    "ha|tem um|ik ben|wij zijn|we zijn|er is|er zijn|dat is|now|ahora|jetzt|adesso|"
    "agora|maintenant|nu"
)
_SOLD = tuple("sold selling vend verkauf verkocht".split())
# Money --------------------------------------------------------------------------------
_CARDS = tuple(
    "card account payment tarjet pago cuenta carte paiement compte karte kreditkarte "
    "zahlung konto lastschrift carta pagament conto cart kaart betaling "
    "rekening amex visa mastercard".split()
)
_KEEPS = tuple(
    "keep save store charg debit authori approv agre guard cobr autori aprob aprov "
    "debit prelev gard conserv encaiss speicher gespeichert behalt abbuch belast "
    "einverstanden zustimm stimm addebit memorizz tene tiene salvat conserv bewar "
    "afschrijv afboek akkoord take run bill".split()
)
_CHARGES = phrases_of(
    "buchen sie es ab|buchen sie ab|bucht ab|schrijf het maar af|schrijf maar af|"
    "put it on my account|put it on my card|put it on the card|put it on my tab|"
    "on file"
)
# Who wants to talk --------------------------------------------------------------------
_CALL_ME = phrases_of(
    """call me|call us|ring me|phone me|me llame|me llamen|me llamar|llameme|llamenme|
    mappeler|me rappeler|rappelez moi|appelez moi|mich anrufen|mich zuruckrufen|
    rufen mich|ruft mich|chiamarmi|richiamarmi|chiamatemi|mi chiami|mi chiamate|
    mi richiami|ligar me|me ligar|ligue me|liguem me|podem ligar|me ligue|me liguem|
    mij bellen|me bellen|bel mij|bel me|terugbellen|call back"""
)
_ABOUT = phrases_of(
    """about|regarding|concerning|por lo de|por lo del|sobre|acerca|respecto|au sujet|
    a propos|concernant|wegen|bezuglich|zwecks|riguardo|in merito|per la|per il|
    a respeito|por causa|over|inzake"""
)
_WHEN = frozenset(
    "when before if once cuando antes si quand avant wenn bevor quando prima se als "
    "voor".split()
)
_SAYS_YES = YES | {lx.THANKS, lx.GREETING}


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
        if not said_yes or all(s.is_any(_SAYS_YES) for s in clause):
            continue
        keys = keys_of(clause)
        if any(tells(clause, keys) for tells in _ANYWHERE):
            return clause
        if any(tells(keys) for tells in _ALONE) and _is_all(clauses, clause):
            return clause
    return []


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


def _is_receipt(keys):
    """Tell "I got your message" and "reading your text"."""
    return not (_MESSAGES.isdisjoint(keys) or _CAME.isdisjoint(keys))


def _is_name(keys):
    """Tell "yes that is my name", which answers another question."""
    pairs = [set(pair) for pair in zip(keys, keys[1:], strict=False)]
    return any(
        IS & set(keys[:place]) and pair & (MY | _RIGHT) and pair & _NAMES
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
    if has_phrase(keys, _ON_ORDER):
        return True
    if begins(keys, _PAYMENTS) and not _SENT.isdisjoint(keys):
        return True
    if not begins(keys, _PAPERS):
        return False
    here = keys[-1] in _HERE and not _IN.isdisjoint(keys)
    pairs = zip(keys, keys[1:], strict=False)
    if any(a in _IN_WARRANTY and b.startswith("garan") for a, b in pairs):
        return True
    return here or not (_SETTLED | _UNDER).isdisjoint(keys)


def _is_estimate_only(_clause, keys):
    """Tell "yes just the estimate", a yes to less than was asked."""
    return not _BARELY.isdisjoint(keys) and begins(keys, _ESTIMATES)


def _is_part(clause, _keys):
    """Tell "yes just the filter", a yes to less than was asked."""
    yes = next((i for i, s in enumerate(clause) if s.is_any(YES)), None)
    after = clause[yes + 1 :] if yes is not None else []
    if len(after) < 3 or after[0].key not in _BARELY or after[1].key not in ARTICLES:
        return False
    return all(s.is_any({lx.JOB, lx.PLACE}) or s.kinds <= SILENT for s in after[2:])


def _is_anothers(clause, keys):
    """Tell "it is my address but somebody else deals with it"."""
    but = next((i for i, s in enumerate(clause) if lx.BUT in s.kinds), None)
    if but is None:
        return False
    before, after = keys_of(clause[:but]), clause[but + 1 :]
    mine = not (MY.isdisjoint(before) or _OWNED.isdisjoint(before))
    if not (mine or begins(before, _OWNERS)):
        return False
    handled = not _HANDLES.isdisjoint(keys_of(after)) or begins(
        keys_of(after), DECIDERS
    )
    return handled or not any(s.is_any(_TOLD) for s in after)


def _is_reported(_clause, keys):
    """Tell "so you're saying yes": what somebody said is for them to say."""
    return has_phrase(keys, _YOU_SAY)


def _is_passed_on(_clause, keys):
    """Tell "I sent it to my husband" from "I passed the code on to Derek"."""
    return begins(keys, _FAMILY) and has_phrase(keys, _PASSED_ON)


def _is_anothers_phone(_clause, keys):
    """Tell "this is my sister's phone" from "call my sister's phone"."""
    if _PHONES.isdisjoint(keys) or begins(keys, _CALLS):
        return False
    return begins(keys, _FAMILY) and has_phrase(keys, _THIS_IS)


def _asks_for_source(_clause, keys):
    """Tell "who gave you this number"."""
    return not any(words.isdisjoint(keys) for words in (_HOW, _GOT, _PHONES))


def _is_sold(clause, keys):
    """Tell "I'm the new tenant" and "we sold the house"."""
    if begins(keys, _SOLD):
        return any(s.is_any({lx.PLACE}) for s in clause)
    pairs = zip(keys, keys[1:], strict=False)
    new = any(a.startswith(NEW) and b.startswith(_OCCUPANTS) for a, b in pairs)
    return new and has_phrase(keys, _I_AM)


def _is_paid(_clause, keys):
    """Tell "keep my card on file" from "I'll pay by card"."""
    charged = begins(keys, _CARDS) and begins(keys, _KEEPS)
    return charged or has_phrase(keys, _CHARGES)


def _wants_to_talk(_clause, keys):
    """Tell "can you call me about the heater" from "call me when you're here"."""
    if not _WHEN.isdisjoint(keys) or not has_phrase(keys, _ABOUT):
        return False
    return any(has_pair(keys, call) for key in keys for call in _CALL_ME.get(key, ()))


_ALONE = (_is_receipt, _is_name)
_ANYWHERE = (
    _confirms_receipt,
    _is_settled,
    _is_estimate_only,
    _is_part,
    _is_anothers,
    _is_reported,
    _is_passed_on,
    _is_anothers_phone,
    _asks_for_source,
    _is_sold,
    _is_paid,
    _wants_to_talk,
    *HINDRANCES,
)
