# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What ``dev/demo`` and ``dev/test`` share: everything a fresh machine lacks.

Standard library only: it runs before anything is installed.
"""
