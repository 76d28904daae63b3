# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import threading
import weakref

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...core.reply import INTENTS, Lexicon

# Of this process: digest of the words -> their lexicon. Several databases may have
# words of their own.
_lexicons = {}
_MAX_LEXICONS = 4
_served = {}  # name of a database -> digest of the words that it was last served with
_builders = {}  # digest of the words -> the thread that makes their lexicon
_starting = threading.Lock()
# The cursors of transactions that have changed words.
_changing = weakref.WeakSet()
_READ = "SELECT lang, intent, phrase FROM fsm_confirmation_word WHERE active"


def _build(version, rows):
    """Make a lexicon, which takes seconds, and keep it.

    :param rows: list of (language, intent, phrase)
    """
    lexicon = Lexicon.from_rows(rows)
    while len(_lexicons) >= _MAX_LEXICONS:
        _lexicons.pop(next(iter(_lexicons)), None)
    _lexicons[version] = lexicon
    return lexicon


def _build_aside(version, rows):
    """As :func:`_build`, in a thread of its own, once.

    :return: the thread
    """
    new = threading.Thread(
        target=_build, args=(version, rows), name="Reply Words", daemon=True
    )
    with _starting:
        builder = _builders.setdefault(version, new)
        if builder is new:
            builder.start()
    for known, other in [*_builders.items()]:
        if known in _lexicons and not other.is_alive():
            _builders.pop(known, None)
    return builder


class FsmConfirmationWord(models.Model):
    """A word or phrase of customers' replies, and what it means.

    The shipped rows come with the addon and are renewed by updates; archive one to
    switch it off, add rows for words that your customers use.
    """

    _name = "fsm.confirmation.word"
    _inherit = ["fsm.confirmation.cached.mixin"]
    _description = "Reply Word"
    _order = "lang, intent, phrase"
    _rec_name = "phrase"

    phrase = fields.Char(
        required=True,
        help="A word or phrase; upper or lower case, accents and punctuation make no "
        "difference. “stop (texting|calling) (me|us|)” stands for all its choices, "
        "{n} for a number.",
    )
    lang = fields.Char(
        "Language",
        required=True,
        default="any",
        help="Two letters such as en, es or fr; “any” for every language.",
    )
    intent = fields.Selection(
        list(INTENTS.items()),
        string="Meaning",
        required=True,
        help="What the words do in a reply. Only words with no other meaning should "
        "be Yes, No or Opt out.",
    )
    active = fields.Boolean(default=True)

    _phrase_unique = models.Constraint(
        "unique(lang, intent, phrase)", "This word has that meaning already."
    )

    @api.constrains("phrase")
    def _check_phrase(self):
        for word in self:
            if not (word.phrase or "").strip() or len(word.phrase) > 1000:
                raise ValidationError(
                    self.env._("Enter a word or phrase of up to 1000 characters.")
                )

    def _register_hook(self):
        """Start building the lexicon: the first reply after a start shall not wait."""
        super()._register_hook()
        if not tools.config["stop_after_init"]:
            _build_aside(self._get_version(), self.env.execute_query(SQL(_READ)))

    @api.model
    def _lexicon(self):
        """The active words as a :class:`~...core.reply.Lexicon`.

        It takes long to build, and is kept by its content: when Odoo clears its caches,
        as it does if anybody changes a time zone, that costs one query. Nobody waits
        for changed words: the earlier ones are used until it is built.
        """
        version, name = self._get_version(), self.env.cr.dbname
        lexicon = _lexicons.get(version)
        if not lexicon:
            rows = self.env.execute_query(SQL(_READ))
            served = _lexicons.get(_served.get(name))
            if served and self.env.cr not in _changing:
                _build_aside(version, rows)
                return served
            # Of several replies that need it, one builds it.
            _build_aside(version, rows).join()
            lexicon = _lexicons.get(version) or _build(version, rows)
        _served[name] = version
        return lexicon

    @api.model
    def _keep_lexicon_ready(self):
        """Start building the lexicon of changed words before a reply needs it."""
        if self.env.cr.dbname in _served:
            self._lexicon()

    def _forget(self):  # pylint: disable=missing-return
        super()._forget()
        if self:
            # Whoever changes words sees their effect before it is committed.
            _changing.add(self.env.cr)

    @api.model
    @tools.ormcache()
    def _get_version(self):
        """A digest of the active words."""
        self.flush_model()
        [(version,)] = self.env.execute_query(
            SQL(
                """
                SELECT md5(string_agg(concat_ws(E'\t', lang, intent, phrase), E'\n'
                                      ORDER BY lang, intent, phrase))
                  FROM fsm_confirmation_word WHERE active
                """
            )
        )
        return version
