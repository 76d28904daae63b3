# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking in a sentence for no more texts: "Würden Sie bitte aufhören mir zu schreiben".

A word that stops, then only small words up to what is to stop: writing to me, or
sending messages. Closed classes of words, in the seven languages.
"""

from .wordclasses import ends_at, phrases_of

_STOPS = phrases_of(
    """stop|quit|cease|refrain from|desist from|if you stopped|if youd stop|
    deje de|dejen de|deja de|dejad de|dejar de|dejara de|dejaran de|pare de|paren de|
    parar de|parad de|favor de no|
    arretez de|arrete de|arreter de|arretiez de|cessez de|cesser de|de ne plus|
    horen sie auf|horen sie bitte auf|horen sie endlich auf|hor auf|hor bitte auf|
    hort auf|hort bitte auf|aufhoren|aufhort|unterlassen sie es|unterlassen sie|
    smettetela di|smettila di|smetterla di|smettete di|smetta di|smetti di|smettere di|
    la smetta di|la smettesse di|smetteste di|evitate di|eviti di|
    parem de|deixe de|deixem de|deixar de|parassem de|
    ophouden met|ophouden|hou op met|houd op met|houdt u op met|stop met|stopt u met|
    stopt u alstublieft met|stoppen met"""
)
_ME = frozenset(
    "me us mir uns mich moi nous m mi ci nos mij ons this my number phone mon num "
    "numero meine nummer".split()
)
_MESSAGES = frozenset(
    "texts text messages message msgs sms smsjes mensajes mensaje textos texto textes "
    "nachrichten nachricht messaggi messaggio mensagens mensagem berichten bericht "
    "berichtjes appjes".split()
)
_WRITES = frozenset(
    "texting messaging contacting writing escribir escribirme contactarme textearme "
    "ecrire mecrire contacter texter schreiben kontaktieren texten anzuschreiben "
    "scrivere scrivermi scriverci contattarmi escrever contactar contatar schrijven "
    "smsen contacteren appen".split()
)
_SENDS = frozenset(
    "sending mandar mandarme enviar enviarme envoyer menvoyer schicken senden "
    "mandare mandarmi mandarci inviare inviarmi inviarci sturen te "
    "zusenden".split()
)
_SMALL = frozenset(
    "please bitte alstublieft aub svp favore favor the these those your all any "
    "more zu die diese ihre weitere standig immer immerzu dauernd endlich de des "
    "les vos ces mas los sus estos i gli questi vostri as essas estas suas met "
    "deze uw nog te such automated kindly to at a".split()
)
_AROUND = _ME | _MESSAGES | _WRITES | _SENDS | _SMALL
# "Sending me to voicemail", "sending me the other guy" are no texts.
_CLITICS = ("me", "mi", "ci")
_NOT = frozenset(
    "dont not never nicht nie no ne nunca non mai nao niet nooit pas".split()
)


def asks_to_stop(keys):
    """Tell "quit writing to me" from "quit ringing" and "don't stop texting me"."""
    return any(
        _is_texting(_leading(keys[end:]))
        for place in range(len(keys))
        if _NOT.isdisjoint(keys[:place][-3:])
        for end in ends_at(keys, place, _STOPS)
    )


def _leading(keys):
    """Return the words up to the first that says something else."""
    end = next((i for i, key in enumerate(keys) if key not in _AROUND), len(keys))
    return set(keys[:end])


def _is_texting(said):
    """Tell what is written to me, or sent as a message."""
    if said & _SENDS and said & _MESSAGES:
        return True
    written = said & _WRITES
    mine = said & (_ME | _MESSAGES) or any(word.endswith(_CLITICS) for word in written)
    return bool(written and mine) or "mecrire" in written
