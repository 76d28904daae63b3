# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio's API: the only place that imports its SDK for calls."""
