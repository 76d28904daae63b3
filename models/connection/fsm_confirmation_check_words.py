# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from odoo.addons.phone_validation.tools import phone_validation

from ...core import delivery


class FsmConfirmationCheckWords(models.AbstractModel):
    """What checks of the connection say: one sentence, and what to do about it."""

    _name = "fsm.confirmation.check.words"
    _description = "Checks of the Connection in Words"

    @api.model
    def _describe(self, check):
        """A check for the screen.

        :param check: :class:`~...core.twilio.checks.Check`
        :return: dict ``key``, ``level`` (``ok``, ``warning`` or ``problem``),
            ``title``, ``text`` (one sentence) and ``advice`` (the action, or "")
        """
        facts = dict(check.facts)
        if facts.get("number"):
            facts["number"] = self._format_number(facts["number"])
        title, describe = {
            "account": (self.env._("Twilio account"), self._describe_account),
            "sender": (self.env._("Sender"), self._describe_sender),
            "address": (self.env._("Address of this Odoo"), self._describe_address),
            "webhook": (self.env._("Where replies go"), self._describe_webhook),
            "registration": (
                self.env._("Registration in the United States"),
                self._describe_registration,
            ),
            "reply": (self.env._("Last reply"), self._describe_reply),
            "signature": (self.env._("Signatures"), self._describe_signature),
        }[check.subject]
        text, advice = describe(check.code, facts)
        return {
            "key": f"{check.subject}_{check.code}",
            "level": check.level.value,
            "title": title,
            "text": text,
            "advice": advice,
        }

    def _describe_unavailable(self):
        return (
            self.env._("Twilio did not answer as it should, or not in time."),
            self.env._(
                "Wait a minute and try again. Twilio's state: status.twilio.com"
            ),
        )

    def _describe_forbidden(self):
        return (
            self.env._("Twilio does not let this account do that."),
            self.env._(
                "Use the Account SID and the primary Auth Token of the account itself."
            ),
        )

    def _describe_account(self, code, facts):
        if code == "unavailable":
            return self._describe_unavailable()
        return {
            "ok": (self.env._("Account SID and Auth Token are right."), ""),
            "empty": (
                self.env._("No Twilio account is entered."),
                self.env._(
                    "Configure Twilio Account: enter Account SID and Auth Token. Both "
                    "are on the first page of Twilio's console."
                ),
            ),
            "credentials": (
                self.env._("Twilio refuses the Account SID or the Auth Token (20003)."),
                self.env._(
                    "Configure Twilio Account: copy both again from the first page of "
                    "Twilio's console. The token must be the primary one."
                ),
            ),
            "inactive": (
                self.env._("Twilio has this account %s.", facts.get("status")),
                self.env._("Resolve this with Twilio; nothing can be sent until then."),
            ),
            "trial": (
                self.env._("A trial account: only verified numbers can be texted."),
                self.env._(
                    "Good for a test. Before you text customers, upgrade the account "
                    "in Twilio's console."
                ),
            ),
        }[code]

    def _describe_sender(self, code, facts):
        code = code.removeprefix("service_") if code == "service_unavailable" else code
        if code == "unavailable":
            return self._describe_unavailable()
        if code in ("forbidden", "service_forbidden", "credentials"):
            return self._describe_forbidden()
        if code == "service_credentials":
            return self._describe_forbidden()
        number, name = facts.get("number"), facts.get("name")
        return {
            "ok": (
                self.env._("%s belongs to the account and can text.", number),
                "",
            ),
            "empty": (
                self.env._("There is no number to send from."),
                self.env._(
                    "Click Load Numbers from Twilio, or enter a Messaging Service SID "
                    "in the settings. An account without a number has to buy one first."
                ),
            ),
            "missing": self._describe_unavailable(),
            "not_owned": (
                self.env._("%s does not belong to this Twilio account.", number),
                self.env._(
                    "Configure Twilio Account: click Reload Numbers from Twilio, then "
                    "choose one of them."
                ),
            ),
            "no_texts": (
                self.env._("%s can't send or receive texts.", number),
                self.env._(
                    "Choose another number; in Twilio's console its capabilities must "
                    "include SMS."
                ),
            ),
            "in_service": (
                self.env._(
                    "%(number)s is in the Messaging Service “%(name)s”, so that "
                    "service decides where its replies go.",
                    number=number,
                    name=name,
                ),
                "",
            ),
            "service_ok": (
                self.env._(
                    "Messaging Service “%(name)s”, numbers: %(count)s.",
                    name=name,
                    count=facts.get("count"),
                ),
                "",
            ),
            "service_empty": (
                self.env._("Messaging Service “%s” has no number to send from.", name),
                self.env._("Add a number to its Sender Pool in Twilio's console."),
            ),
            "service_missing": (
                self.env._(
                    "The account has no Messaging Service %s.", facts.get("sid")
                ),
                self.env._(
                    "Copy the SID again from Twilio's console (Messaging > Services), "
                    "or empty the field to send from a number."
                ),
            ),
        }[code]

    def _describe_address(self, code, facts):
        address = facts.get("address")
        set_address = self.env._(
            "Set the System Parameter web.base.url to the public https address of this "
            "Odoo."
        )
        if code in ("signature", "blocked", "not_found", "redirected", "odd"):
            return self._describe_wrong_response(code, facts)
        return {
            "ok": (self.env._("%s answers as it should.", address), ""),
            "empty": (self.env._("Odoo has no public address."), set_address),
            "not_https": (
                self.env._("%s is not https, so texts would travel open.", address),
                set_address,
            ),
            "private": (
                self.env._(
                    "%s is an address of your own network: Twilio can't reach it.",
                    address,
                ),
                set_address,
            ),
            "certificate": (
                self.env._("The certificate of %s is not valid.", address),
                self.env._(
                    "Renew it, with all its intermediate certificates; Twilio refuses "
                    "others."
                ),
            ),
            "unknown_host": (
                self.env._("Nobody knows the host name in %s.", address),
                self.env._("Correct the System Parameter web.base.url, or the DNS."),
            ),
            "inside": (
                self.env._(
                    "%s answers, but this server finds it at a private address.",
                    address,
                ),
                self.env._(
                    "Open it from outside your network: Twilio has to reach this Odoo "
                    "by that name."
                ),
            ),
            "unreachable": (
                self.env._("This server could not reach %s.", address),
                self.env._(
                    "Some servers can't call themselves. Open the address from "
                    "outside your network: Odoo must answer “Method Not Allowed”. If "
                    "it does, all is well."
                ),
            ),
            "slow": (
                self.env._(
                    "%(address)s did not answer within %(seconds)s seconds.",
                    address=address,
                    seconds=facts.get("seconds"),
                ),
                self.env._(
                    "If Odoo runs with a single worker, this is expected; otherwise "
                    "look at the proxy. Twilio waits no longer either."
                ),
            ),
            "loose": (
                self.env._(
                    "%s may change by itself when an administrator logs in at another "
                    "address. Then replies would be refused.",
                    address,
                ),
                self.env._(
                    "Click Keep This Address. (It sets the System Parameter "
                    "web.base.url.freeze.)"
                ),
            ),
        }[code]

    def _describe_wrong_response(self, code, facts):
        address, status = facts.get("address"), facts.get("status")
        return {
            "signature": (
                self.env._(
                    "This Odoo refuses its own signed request to %s (403).", address
                ),
                self.env._(
                    "Something between Twilio and Odoo changes the path, or leads to "
                    "another database. The proxy must pass the path on unchanged; with "
                    "several databases, set dbfilter."
                ),
            ),
            "blocked": (
                self.env._("Something before Odoo refuses %s (403).", address),
                self.env._(
                    "The proxy or firewall must let POST requests to "
                    "/job_confirmation/twilio/ pass, without a login or a bot check."
                ),
            ),
            "not_found": (
                self.env._("There is nothing at %s (404).", address),
                self.env._(
                    "Is web.base.url this Odoo? With several databases on one host, "
                    "dbfilter must choose this one by the host name."
                ),
            ),
            "redirected": (
                self.env._(
                    "%(address)s leads on to %(target)s, and Twilio loses the text on "
                    "the way.",
                    address=address,
                    target=facts.get("target"),
                ),
                self.env._(
                    "Set web.base.url to the final address, or keep the proxy from "
                    "redirecting /job_confirmation/twilio/."
                ),
            ),
            "odd": (
                self.env._(
                    "%(address)s answers with status %(status)s, not as Odoo does.",
                    address=address,
                    status=status,
                ),
                self.env._(
                    "Look at the proxy, and at Odoo's log. POST requests to "
                    "/job_confirmation/twilio/ must reach Odoo unchanged."
                ),
            ),
        }[code]

    def _describe_webhook(self, code, facts):
        if code == "unavailable":
            return self._describe_unavailable()
        if code in ("forbidden", "missing", "credentials"):
            return self._describe_forbidden()
        number, name, url = facts.get("number"), facts.get("name"), facts.get("url")
        connect = self.env._("Click Connect.")
        retries = self.env._(
            "Click Connect: then it tries again when Odoo is busy or restarts."
        )
        asks = self.env._("Connect can change that; it asks first.")
        return {
            "ok": (self.env._("Replies to %s come to this Odoo.", number), ""),
            "once": (
                self.env._(
                    "Replies to %s come to this Odoo, but Twilio tries only once.",
                    number,
                ),
                retries,
            ),
            "unset": (
                self.env._("Replies to %s go nowhere: no address is set.", number),
                connect,
            ),
            "method": (
                self.env._("Twilio calls this Odoo with GET for %s.", number),
                connect,
            ),
            "elsewhere": (
                self.env._(
                    "Replies to %(number)s go to %(url)s.", number=number, url=url
                ),
                asks,
            ),
            "application": (
                self.env._(
                    "%(number)s is tied to the Twilio application %(application)s, so "
                    "its own address is ignored.",
                    number=number,
                    application=facts.get("application"),
                ),
                asks,
            ),
            "service_ok": (
                self.env._("Replies to “%s” come to this Odoo.", name),
                "",
            ),
            "service_once": (
                self.env._(
                    "Replies to “%s” come to this Odoo, but Twilio tries only once.",
                    name,
                ),
                retries,
            ),
            "service_drops": (
                self.env._("Messaging Service “%s” drops every reply.", name),
                connect,
            ),
            "service_method": (
                self.env._("Twilio calls this Odoo with GET for “%s”.", name),
                connect,
            ),
            "service_elsewhere": (
                self.env._("Replies to “%(name)s” go to %(url)s.", name=name, url=url),
                asks,
            ),
        }[code]

    def _describe_registration(self, code, facts):
        register = self.env._(
            "Register in Twilio's console: Messaging > Regulatory Compliance. It takes "
            "days; until then carriers in the United States block these texts."
        )
        return {
            "service": (
                self.env._(
                    "“%s” is not registered for texts to the United States (A2P "
                    "10DLC).",
                    facts.get("name"),
                ),
                register,
            ),
            "missing": (
                self.env._(
                    "Texts refused in the last %(days)s days because the number is not "
                    "registered (30034): %(count)s.",
                    days=facts.get("days"),
                    count=facts.get("count"),
                ),
                register,
            ),
            "toll_free": (
                self.env._(
                    "Texts refused in the last %(days)s days because the toll-free "
                    "number is not verified (30032): %(count)s.",
                    days=facts.get("days"),
                    count=facts.get("count"),
                ),
                register,
            ),
        }[code]

    def _describe_reply(self, code, facts):
        if code == "ok":
            return self.env._("The last one came on %s.", facts.get("datetime")), ""
        return (
            self.env._("No reply has arrived yet."),
            self.env._("Send yourself a test text and answer it."),
        )

    def _describe_signature(self, code, facts):
        if code == "ok":
            return self.env._("No request was refused in the last 7 days."), ""
        text = self.env._(
            "Requests refused for a wrong signature since %(since)s: at least "
            "%(count)s, the last one %(datetime)s. Odoo checked it as a call of "
            "%(address)s.",
            **facts,
        )
        if code == "past":
            return text, self.env._(
                "Replies came in since then: this was a stranger, or it is fixed."
            )
        return text, self.env._(
            "If Twilio calls another address than this one, set the System Parameter "
            "web.base.url to the address that Twilio calls (a proxy's address, with "
            "https) and web.base.url.freeze to True, then click Connect. If it is the "
            "same, enter the primary Auth Token again."
        )

    @api.model
    def _ask_about(self, change):
        """What an administrator is asked before a change.

        :param change: :class:`~...core.twilio.checks.Change`
        """
        label = change.label
        if change.kind == "number":
            label = self._format_number(label)
        if change.application:
            return self.env._(
                "%(number)s is tied to the Twilio application %(application)s. Should "
                "it be released from it, so that its replies come to this Odoo? "
                "Whatever uses that application gets no more texts.",
                number=label,
                application=change.application,
            )
        return self.env._(
            "Replies to %(label)s now go to %(url)s. Should they come to this Odoo "
            "instead? Whatever runs there gets no more texts.",
            label=label,
            url=change.current.partition("#")[0],
        )

    @api.model
    def _explain_code(self, code, reason):
        """Why a test text did not arrive, and what an administrator can do.

        :param code: Twilio's error code
        :param reason: Twilio's words, maybe empty
        """
        known = {
            20003: self.env._("Twilio refuses the Account SID or the Auth Token."),
            21608: self.env._(
                "A trial account can text verified numbers only. Verify this number "
                "in Twilio's console, or upgrade the account."
            ),
            21606: self.env._(
                "The sender is no number of this account that can text. Reload the "
                "numbers from Twilio and choose again."
            ),
            21211: self.env._("This number does not exist."),
            21408: self.env._(
                "The account may not text this country. Allow it in Twilio's console: "
                "Messaging > Settings > Geo permissions."
            ),
            21610: self.env._(
                "This phone has texted STOP. Text START from it to our number."
            ),
            21701: self.env._("The account has no such Messaging Service."),
            21703: self.env._("The Messaging Service has no number to send from."),
            30006: self.env._("This is a landline. Use a mobile number."),
            30032: self.env._("The toll-free number is not verified at Twilio yet."),
            30034: self.env._(
                "The number is not registered for texts to the United States (A2P "
                "10DLC). Register it in Twilio's console."
            ),
        }.get(code)
        if known:
            return f"{known} ({code})"
        deliveries = self.env["fsm.confirmation.delivery"]
        return deliveries._describe_failure(delivery.failure_type(code), code, reason)

    @api.model
    def _format_number(self, number):
        """An E.164 number as one reads it; anything else as it is."""
        return phone_validation.phone_format(
            number, None, None, force_format="INTERNATIONAL", raise_exception=False
        )
