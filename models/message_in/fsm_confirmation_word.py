# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...core.reply import INTENTS, Lexicon

# Of this process: digest of the words -> their lexicon. Several databases may have
# words of their own.
_lexicons = {}
_MAX_LEXICONS = 4


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

    @api.model
    def _lexicon(self):
        """The active words as a :class:`~...core.reply.Lexicon`.

        It takes long to make one. It's kept by what is in it, so that Odoo, which
        forgets all that it keeps when anybody changes a time zone, costs one query.
        """
        version = self._get_version()
        if version not in _lexicons:
            words_sudo = self.sudo().search_fetch([], ["lang", "intent", "phrase"])
            while len(_lexicons) >= _MAX_LEXICONS:
                _lexicons.pop(next(iter(_lexicons)), None)
            _lexicons[version] = Lexicon.from_rows(
                (word.lang, word.intent, word.phrase) for word in words_sudo
            )
        return _lexicons[version]

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
