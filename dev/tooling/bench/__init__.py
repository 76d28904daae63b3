# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/bench``: the addon's figures beside those of Odoo's own SMS.

``command`` is what a person runs; it starts PostgreSQL, has ``data`` fill databases
and ``measure`` ask ``worker`` (a process with Odoo in it) to do and time things.
``fill`` makes the rows, ``reads`` and ``writes`` hold what is measured, ``webhooks``
calls a real Odoo over HTTP, ``report`` makes a table of it. See doc/performance.md.
"""
