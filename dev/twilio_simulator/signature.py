# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The signature of Twilio's webhooks, made with the ``twilio`` package."""

from urllib.parse import urlsplit, urlunsplit

from multidict import MultiDict
from twilio.request_validator import RequestValidator


def sign(url, params, token):
    """Return the ``X-Twilio-Signature`` of a request.

    :param url: the URL as it was given to Twilio; its fragment isn't signed
    :param params: the POST parameters: a dict, or (name, value) pairs
    :param token: the account's primary auth token
    """
    return RequestValidator(token).compute_signature(strip(url), MultiDict(params))


def strip(url):
    """Return a URL without fragment and without user:password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
