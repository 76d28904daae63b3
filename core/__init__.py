# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is decided, on plain data: nothing in here imports Odoo."""
