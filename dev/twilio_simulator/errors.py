# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio's refusals, and ``catalog.json``: what Twilio says, by code.

Source: Twilio's error and warning dictionary (https://www.twilio.com/docs/api/errors).
"""

import json
from pathlib import Path

CATALOG = json.loads(Path(__file__).with_name("catalog.json").read_text("utf-8"))


class TwilioError(Exception):
    """A refusal as Twilio answers it; made with ``refuse``."""

    def __init__(self, code, status, message):
        super().__init__(message)
        self.code, self.status, self.message = code, status, message

    def body(self):
        """Return the JSON body of the answer."""
        url = f"https://www.twilio.com/docs/errors/{self.code}"
        values = {"code": self.code, "message": self.message, "more_info": url}
        return {**values, "status": self.status}


def refuse(code, message=None, **values):
    """Return the TwilioError for a code, to be raised by the caller.

    :param message: instead of the catalog's own text
    :param values: what the text names (``to``, ``from_``, ``url``, ``path``)
    """
    known = {"status": 400, "message": f"Error {code}"}
    known = CATALOG["refusals"].get(str(code), known)
    named = {"to": "", "from": "", "url": "", "path": ""}
    named |= {name.rstrip("_"): value for name, value in values.items()}
    message = message or known["message"].format(**named)
    return TwilioError(code, known["status"], message)
