# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the commands in ``dev/`` run; see each one's ``--help``.

``__main__`` runs first with the machine's own Python, when nothing is installed yet: it
and what it imports (``arguments``, ``apt``, ``cache``, ``console``, ``environment``,
``process``) need the standard library only. It makes an environment with Odoo and goes
on in there, where a command may import any package of it.
"""
