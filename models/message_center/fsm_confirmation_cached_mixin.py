# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class FsmConfirmationCachedMixin(models.AbstractModel):
    """Records from whose values something is computed that is kept in memory.

    The cache is cleared after a change, never before: a call that changes nothing, or
    is refused, must not clear the cache of every process.
    """

    _name = "fsm.confirmation.cached.mixin"
    _description = "Records Kept in Memory"

    def _get_cached(self):
        """Those of which something may be kept in memory."""
        return self

    @api.model
    def _is_kept(self, _names):
        """Whether what is kept follows from one of these fields."""
        return True

    def _forget(self):
        if self:
            self.env.registry.clear_cache()

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._get_cached()._forget()
        return records

    def write(self, vals):
        if not vals or not self._is_kept(vals.keys()):
            return super().write(vals)
        known = self._get_cached()
        result = super().write(vals)
        (known | self._get_cached())._forget()
        return result

    def unlink(self):
        known = self._get_cached()
        result = super().unlink()
        known._forget()
        return result

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        self._get_cached()._forget()
        return result
