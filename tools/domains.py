# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Search domains."""

from odoo.fields import Domain


def search_in_all(names, operator, value):
    """For the ``search`` of a field that unites several fields: found in any of them.

    :param names: of the fields
    :return: ``Domain``, or NotImplemented as such a method may
    """
    if operator in Domain.NEGATIVE_OPERATORS:
        return NotImplemented
    if operator != "in":
        return Domain.OR(Domain(name, operator, value) for name in names)
    ids = [id_ for id_ in value if id_]
    found = Domain.OR(Domain(name, "in", ids) for name in names)
    if len(ids) < len(value):
        found |= Domain.AND(Domain(name, "=", False) for name in names)
    return found
