# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup
from werkzeug.exceptions import MethodNotAllowed

from odoo import SUPERUSER_ID
from odoo.http import Controller, content_disposition, request, route

from ..models.xmlids import MODULE
from ..tools.log_redaction import private_queries

_URL = "/job_confirmation/answer/<string:token>"
_DOCTYPE = Markup("<!DOCTYPE html>\n")
_MAX_REQUEST = 20_000  # bytes
_PARAMETERS = {"type": "http", "auth": "public", "sitemap": False}
# Nothing of another server, no script, in nobody's frame, in no cache or index.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


class JobConfirmationAnswer(Controller):
    """The page to which the links of an e-mail lead.

    Opening it changes nothing, because mail scanners follow links before the customer
    does: only the button on the page answers. Without a valid link the page doesn't
    say whether there ever was a question.
    """

    @route(_URL, methods=["GET"], readonly=True, **_PARAMETERS)
    @private_queries()
    def page(self, token, answer="", **_params):
        if request.httprequest.method not in ("GET", "HEAD"):
            # Odoo lets OPTIONS in, unasked.
            raise MethodNotAllowed(["GET", "HEAD", "POST"])
        pages = request.env["fsm.confirmation.page"].with_user(SUPERUSER_ID)
        record_sudo = pages._find_sudo(token)
        lang = self._get_lang(record_sudo)
        known = pages.with_context(lang=lang)._describe(record_sudo)
        is_valid = known["can_answer"] or bool(known.get("response"))
        values = {
            **known,
            "token": token,
            "answer": "no" if answer == "no" else "yes",
            "has_calendar": bool(record_sudo) and pages._is_confirmed(record_sudo),
            "html_lang": lang.replace("_", "-"),
            "direction": self._get_direction(lang),
        }
        html = (
            request.env["ir.qweb"]
            .with_context(lang=lang)
            ._render("fieldservice_job_confirmation.answer_page", values)
        )
        headers = {**_HEADERS, "Content-Type": "text/html; charset=utf-8"}
        return request.make_response(
            _DOCTYPE + html.strip(),
            list(headers.items()),
            status=200 if is_valid else 410,
        )

    @route(_URL, methods=["POST"], max_content_length=_MAX_REQUEST, **_PARAMETERS)
    @private_queries()
    def answer(self, token, answer="", note="", day="", **_params):
        if request.httprequest.method != "POST":
            raise MethodNotAllowed(["GET", "HEAD", "POST"])
        pages = request.env["fsm.confirmation.page"].with_user(SUPERUSER_ID)
        texts = [value if isinstance(value, str) else "" for value in (note, day)]
        pages._answer(pages._find_sudo(token), answer, *texts)
        response = request.redirect(f"/job_confirmation/answer/{token}", code=303)
        response.headers.update(_HEADERS)
        return response

    @route(f"{_URL}/appointment.ics", methods=["GET"], readonly=True, **_PARAMETERS)
    @private_queries()
    def calendar(self, token, **_params):
        pages = request.env["fsm.confirmation.page"].with_user(SUPERUSER_ID)
        record_sudo = pages._find_sudo(token)
        if not record_sudo or not pages._is_confirmed(record_sudo):
            return request.make_response("", list(_HEADERS.items()), status=410)
        lang = self._get_lang(record_sudo)
        headers = {
            **_HEADERS,
            "Content-Type": "text/calendar; charset=utf-8",
            "Content-Disposition": content_disposition("appointment.ics"),
        }
        return request.make_response(
            pages.with_context(lang=lang)._make_calendar(record_sudo),
            list(headers.items()),
        )

    def _get_lang(self, record_sudo):
        """The customer's language; for a link that is none, the browser's.

        One that the addon is translated into, as its standard question is.
        """
        emails = request.env["fsm.confirmation.email"]
        question = request.env.ref(f"{MODULE}.sms_template_job_confirmation").sudo()
        return question._choose_lang(emails._get_langs(record_sudo, request.best_lang))

    def _get_direction(self, lang):
        data = request.env["res.lang"]._get_data(code=lang)
        return data.direction or "ltr"
