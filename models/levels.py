# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the levels of the Message Center allow."""

from odoo.exceptions import AccessError

from .xmlids import EDIT_GROUP


def may_edit(env):
    """Whether the user's level is Edit or above, or nobody is asked (sudo)."""
    return env.su or env.user.has_group(EDIT_GROUP)


def check_may_edit(env):
    """:raises AccessError: the user's level is below Edit, also with sudo"""
    if not env.user.has_group(EDIT_GROUP):
        raise AccessError(
            env._("Only users with the Message Center level Edit can do this.")
        )
