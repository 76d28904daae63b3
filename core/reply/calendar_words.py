# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The closed classes of words for days and hours, without accents, per language.

Weekdays, months and numbers are no matter of taste, so that they are no records as
the other words are. A word that also means something else is *weak*: it counts only
beside a number or another word for a time.
"""

from typing import NamedTuple

MORNING, AFTERNOON, EVENING = "morning", "afternoon", "evening"


class Word(NamedTuple):
    """What a word says about time."""

    kind: str  # a field of a time: weekday, month, offset, part ...
    value: int | str
    lang: str
    weak: bool


# Monday to Sunday; then the short forms.
_WEEKDAYS = {
    "en": (
        "monday moday mondy munday mon!|tuesday tusday teusday tuseday tuesdy tue tues|"
        "wednesday wensday wedsday wednsday wendsday wednesdy wenesday wed weds|"
        "thursday thrusday thursdy thrsday thurday thu thur thurs|"
        "friday firday frday fridya fridy fri|saturday saterday satuday satday sat!|"
        "sunday sundy sunady sun!"
    ),
    "es": (
        "lunes lun!|martes mar!|miercoles mie!|jueves jue!|viernes vie!|"
        "sabado sab!|domingo dom!"
    ),
    "fr": (
        "lundi lun!|mardi mar!|mercredi mer!|jeudi jeu!|vendredi ven!|samedi sam!|"
        "dimanche dim!"
    ),
    "de": (
        "montag mo!|dienstag di!|mittwoch mi!|donnerstag do!|freitag fr!|"
        "samstag sonnabend sa!|sonntag so!"
    ),
    "pt": (
        "segunda segundafeira seg!|terca tercafeira ter!|quarta quartafeira qua!|"
        "quinta quintafeira qui!|sexta sextafeira sex!|sabado sab!|domingo dom!"
    ),
    "it": (
        "lunedi lun!|martedi mar!|mercoledi mer!|giovedi gio!|venerdi ven!|"
        "sabato sab!|domenica dom!"
    ),
    "nl": (
        "maandag ma! maa!|dinsdag di! din!|woensdag wo! woe!|donderdag do! don!|"
        "vrijdag vr! vri!|zaterdag za! zat!|zondag zo! zon!"
    ),
}
_MONTHS = {
    "en": (
        "january jan|february feb|march! mar!|april apr|may!|june jun|july jul|"
        "august aug|september sept sep!|october oct|november nov|december dec"
    ),
    "es": (
        "enero ene|febrero|marzo|abril abr|mayo|junio|julio|agosto ago!|"
        "septiembre setiembre|octubre|noviembre|diciembre dic"
    ),
    "fr": (
        "janvier janv|fevrier fevr|mars!|avril avr|mai!|juin|juillet juil|aout|"
        "septembre|octobre|novembre|decembre"
    ),
    "de": (
        "januar janner|februar|marz maerz|april|mai!|juni|juli|august|september|"
        "oktober okt|november|dezember dez"
    ),
    "pt": (
        "janeiro|fevereiro fev|marco!|abril|maio|junho|julho|agosto|setembro set!|"
        "outubro out!|novembro|dezembro"
    ),
    "it": (
        "gennaio genn|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|"
        "ottobre|novembre|dicembre"
    ),
    "nl": (
        "januari|februari|maart|april|mei!|juni|juli|augustus|september|oktober|"
        "november|december"
    ),
}
_OFFSETS = {  # days from today
    "en": {
        0: "today tonight",
        1: "tomorrow tomorrows tomorow tommorow tmrw tmw tomorro 2morrow",
    },
    "es": {0: "hoy", 1: "manana"},
    "fr": {0: "aujourdhui", 1: "demain"},
    "de": {0: "heute", 1: "morgen", 2: "ubermorgen uebermorgen"},
    "pt": {0: "hoje", 1: "amanha"},
    "it": {0: "oggi", 1: "domani", 2: "dopodomani"},
    "nl": {0: "vandaag", 1: "morgen", 2: "overmorgen"},
}
_PARTS = {
    "en": {
        MORNING: "morning mornings",
        AFTERNOON: "afternoon afternoons",
        EVENING: "evening evenings tonight",
    },
    "es": {AFTERNOON: "tarde!", EVENING: "noche"},
    "fr": {
        MORNING: "matin matinee",
        AFTERNOON: "apresmidi lapresmidi aprem",
        EVENING: "soir",
    },
    "de": {
        MORNING: "vormittag vormittags morgens fruh! frueh!",
        AFTERNOON: "nachmittag nachmittags",
        EVENING: "abend abends",
    },
    "pt": {MORNING: "manha", AFTERNOON: "tarde!", EVENING: "noite"},
    "it": {
        MORNING: "mattina mattino mattinata",
        AFTERNOON: "pomeriggio",
        EVENING: "sera",
    },
    "nl": {
        MORNING: "ochtend ochtends morgens",
        AFTERNOON: "middag middags namiddag",
        EVENING: "avond avonds",
    },
}
# The word for tomorrow that also is the morning: "por la mañana", "Montag Morgen".
BOTH_TOMORROW_AND_MORNING = frozenset({"manana", "morgen", "manha"})
_NUMBERS = {  # of hours
    "en": "one two three four five six seven eight nine ten eleven twelve",
    "es": "una dos tres cuatro cinco seis siete ocho nueve diez once doce trece "
    "catorce quince dieciseis diecisiete dieciocho diecinueve veinte",
    "fr": "une deux trois quatre cinq six sept huit neuf dix onze douze treize "
    "quatorze quinze seize dixsept dixhuit dixneuf vingt",
    "de": "ein zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn "
    "vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn zwanzig",
    "pt": "uma duas tres quatro cinco seis sete oito nove dez onze doze treze "
    "catorze quinze dezasseis dezassete dezoito dezanove vinte",
    "it": "una due tre quattro cinque sei sette otto nove dieci undici dodici tredici "
    "quattordici quindici sedici diciassette diciotto diciannove venti",
    "nl": "een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien "
    "veertien vijftien zestien zeventien achttien negentien twintig",
}
# "A primera hora", "first thing".
EARLY = tuple(
    tuple(words.split())
    for words in (
        "first thing|a primera hora|primera hora|a premiere heure|premiere heure|"
        "a primeira hora|primeira hora|in prima mattinata|prima mattinata|"
        "di prima mattina"
    ).split("|")
)
DAYS_AHEAD = {
    tuple(words.split()): 2
    for words in (
        "day after tomorrow|pasado manana|apres demain|depois de amanha|dopo domani"
    ).split("|")
}
PHRASE_STARTS = frozenset(words[0] for words in (*EARLY, *DAYS_AHEAD))
ORDINALS = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh "
        "twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth "
        "nineteenth twentieth".split(),
        1,
    )
} | {"thirtieth": 30}
_ORDINALS_ELSEWHERE = (
    "ersten zweiten dritten vierten funften sechsten siebten achten neunten zehnten "
    "elften zwolften dreizehnten vierzehnten funfzehnten sechzehnten siebzehnten "
    "achtzehnten neunzehnten zwanzigsten",
    "eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde "
    "twaalfde dertiende veertiende vijftiende zestiende zeventiende achttiende "
    "negentiende twintigste",
    "primero",
    "premier",
    "primeiro",
    "primo",
)
ORDINALS |= {
    word: value
    for words in _ORDINALS_ELSEWHERE
    for value, word in enumerate(words.split(), 1)
}
# Before an hour: "half past three", "halb acht", "kwart voor negen".
PARTS_OF_HOUR = {"half": 30, "halb": 30, "quarter": 15, "viertel": 15, "kwart": 15}
PAST_OR_TO = {"past": 1, "after": 1, "nach": 1, "over": 1, "to": -1, "till": -1}
PAST_OR_TO |= {"before": -1, "vor": -1, "voor": -1}
# Behind an hour: "las tres y media", "dix heures et demie", "menos cuarto".
MINUTES_BEHIND = {
    tuple(words.split()): minutes
    for minutes, text in {
        30: "thirty|y media|et demie|et demi|e mezza|e mezzo|e meia",
        15: "fifteen|y cuarto|et quart|e un quarto|e quarto|e um quarto",
        45: "forty five|menos cuarto|moins le quart|meno un quarto|menos um quarto|"
        "e tre quarti",
    }.items()
    for words in text.split("|")
}
HOURS = frozenset("heures heure horas hora ore uhr uur".split())
# Before an hour.
AT = frozenset(
    "at @ around about las la um gegen alle om as a vers ore hora between tussen "
    "zwischen entre tra fra".split()
)
BETWEEN = frozenset("between tussen zwischen entre tra fra".split())
# Before the first of two hours: "de 10 a 12", "dalle 9 alle 11".
FROM = BETWEEN | frozenset("from de das dalle da van von desde".split())
# "8 e 30"
AND_MINUTES = frozenset("e y und et en".split())
# After an hour.
CLOCK = frozenset(
    "oclock uhr uur h hr hrs heure heures hora horas ore clock u hs".split()
)
HALVES = {"am": 0, "pm": 12, "a": 0, "p": 12}
TO = frozenset("to till until bis tot a as alle y and e et und en al - – —".split())
ORDINAL_ENDS = frozenset("st nd rd th er e o a eme ieme ste de".split())
NEXT = frozenset(
    "next following proximo proxima siguiente prochain prochaine nachste nachsten "
    "nachster nachstes naechste naechsten kommende kommenden prossimo prossima "
    "seguinte volgende volgend vem viene segue".split()
)
THIS = frozenset(
    "this coming este esta ce cette diese diesen dieser questo questa deze dit".split()
)
WEEK = frozenset("week semana semaine woche settimana weeks wk".split())
# Small words inside of "Monday the 14th at 10:30", "el jueves a las 10".
JOINERS = frozenset(
    "the on of at @ el los las la a de del le les l au des du der den dem die das "
    "am um im in o os as na da tussen zwischen entre tra fra il lo alle all dalle i "
    "op om het per from between para por que vom feira , nos ao aos partir".split()
)


SINCE = frozenset("since desde seit depuis sinds last".split())


# "Woensdagochtend", "Dienstagnachmittag".
COMPOUNDS = {
    day + part: (value, meaning)
    for lang in ("de", "nl")
    for value, days in enumerate(_WEEKDAYS[lang].split("|"))
    for meaning, words in _PARTS[lang].items()
    for day in days.split()[:1]
    for part in [*words.split(), *("morgen fruh frueh".split() * (meaning == MORNING))]
    if part[-1] not in "s!"
}


def _split(text):
    for word in text.split():
        yield word.rstrip("!"), word.endswith("!")


def _words():
    for lang, text in _WEEKDAYS.items():
        for value, words in enumerate(text.split("|")):
            for word, weak in _split(words):
                yield word, Word("weekday", value, lang, weak)
    for lang, text in _MONTHS.items():
        for value, words in enumerate(text.split("|"), 1):
            for word, weak in _split(words):
                yield word, Word("month", value, lang, weak)
    for kind, table in (("offset", _OFFSETS), ("part", _PARTS)):
        for lang, values in table.items():
            for value, words in values.items():
                for word, weak in _split(words):
                    yield word, Word(kind, value, lang, weak)


def _index():
    index = {}
    for word, meaning in _words():
        index.setdefault(word, []).append(meaning)
        if meaning.lang == "en" and meaning.kind == "weekday" and len(word) > 4:
            index.setdefault(word + "s", []).append(meaning)  # "Wednesday's"
    return {word: tuple(meanings) for word, meanings in index.items()}


WORDS = _index()
NUMBERS = {
    word: value
    for text in _NUMBERS.values()
    for value, word in enumerate(text.split(), 1)
} | {"uno": 1, "eins": 1}
