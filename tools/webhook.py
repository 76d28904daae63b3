# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a request may look like before anything of it is read."""

from werkzeug.exceptions import Forbidden, MethodNotAllowed, RequestEntityTooLarge

# Twilio's own requests have about 1 KB, with 10 pictures and 1600 characters 20 KB.
MAX_REQUEST = 100_000  # bytes
# And about 40 parameters, with 10 pictures 60; each costs time to check.
MAX_PARAMETERS = 200
_FORM = "application/x-www-form-urlencoded"


def refuse_odd_request(http):
    """Refuse what can't be Twilio's by its form. Odoo lets OPTIONS in, unasked.

    :param http: the request
    :raises werkzeug.exceptions.HTTPException: the answer to it
    """
    if http.method != "POST":
        raise MethodNotAllowed(["POST"])
    size = http.content_length or 0
    if size > MAX_REQUEST:
        raise RequestEntityTooLarge()
    if size and http.mimetype != _FORM:
        raise Forbidden()
    query = http.environ.get("QUERY_STRING", "")
    body = http.get_data(cache=True) if size else b""
    if body.count(b"&") + query.count("&") >= MAX_PARAMETERS:
        raise Forbidden()
