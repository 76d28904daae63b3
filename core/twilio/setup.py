# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Connect a Twilio account with an Odoo: check, find what to change, change it."""

import time
from urllib.parse import urlsplit

from .account import error_code
from .checks import Change, Check, Level, Report

# What Twilio sets on a new number: a text that nobody misses.
SAMPLE_HOSTS = ("demo.twilio.com",)
# How long services are searched for the sender's numbers.
SERVICE_SECONDS = 20


def check_account(api):
    """Checks of the account itself: does Twilio let us in, may it send."""
    try:
        status, kind = api.fetch_account()
    except Exception as error:
        code = error_code(error)
        # An account that isn't there is a wrong SID.
        code = "credentials" if code in ("missing", "forbidden") else code
        return [Check("account", code, Level.PROBLEM)]
    if status != "active":
        return [Check("account", "inactive", Level.PROBLEM, {"status": status})]
    if kind == "Trial":
        return [Check("account", "trial", Level.WARNING)]
    return [Check("account", "ok", Level.OK)]


def same_address(url, address):
    """Whether two addresses are one, but for what stands behind the #."""
    return url.partition("#")[0].strip() == address.partition("#")[0].strip()


def check_numbers(api, phones, address):
    """Check every number that texts may be sent from.

    :param phones: E.164 numbers
    :param address: where their replies should go
    :rtype: Report
    """
    report = Report()
    try:
        services = _services_of_numbers(api, set(phones))
        for phone in phones:
            number = api.find_number(phone)
            if not number:
                report.add("sender", "not_owned", Level.PROBLEM, number=phone)
            elif not number.sms:
                report.add("sender", "no_texts", Level.PROBLEM, number=phone)
            else:
                report.add("sender", "ok", Level.OK, number=phone)
                service = services.get(phone)
                if service and not service.defers:
                    _check_service(report, service, address, phone)
                else:
                    _check_number(report, number, address)
    except Exception as error:
        report.add("sender", error_code(error), Level.PROBLEM, number="")
    return report


def _services_of_numbers(api, phones):
    """:return: dict number -> the :class:`Service` that it is in"""
    found = {}
    until = time.monotonic() + SERVICE_SECONDS
    try:
        for service in api.list_services():
            if time.monotonic() > until:
                break
            for phone in phones.intersection(api.list_service_numbers(service.sid)):
                found[phone] = service
    except Exception as error:
        # A key without a right to see services: then only the number is checked.
        if error_code(error) == "unavailable":
            raise
    return found


def check_service(api, sid, address):
    """Check the Messaging Service that texts are sent with.

    :param sid: ``MG...``
    :param address: where replies should go
    :rtype: Report
    """
    report = Report()
    try:
        service = api.fetch_service(sid)
        phones = api.list_service_numbers(sid)
    except Exception as error:
        report.add("sender", f"service_{error_code(error)}", Level.PROBLEM, sid=sid)
        return report
    if not phones:
        report.add("sender", "service_empty", Level.PROBLEM, name=service.name)
        return report
    facts = {"name": service.name, "count": str(len(phones))}
    report.add("sender", "service_ok", Level.OK, **facts)
    if not service.registered and any(phone.startswith("+1") for phone in phones):
        report.add("registration", "service", Level.WARNING, name=service.name)
    if not service.defers:
        _check_service(report, service, address)
        return report
    try:
        for phone in phones:
            number = api.find_number(phone)
            if number and number.sms:
                _check_number(report, number, address)
            else:
                report.add("sender", "no_texts", Level.WARNING, number=phone)
    except Exception as error:
        report.add("sender", error_code(error), Level.PROBLEM, number="")
    return report


def _is_unused(url):
    return not url or urlsplit(url).hostname in SAMPLE_HOSTS


def _check_number(report, number, address):
    """Where a number's replies go, and what to change so that they come here."""
    facts = {"number": number.phone, "url": number.url.partition("#")[0]}
    change = {"kind": "number", "sid": number.sid, "label": number.phone}
    here = same_address(number.url, address)
    fallback = number.fallback_url  # of somebody else
    if _is_unused(fallback) or same_address(fallback, address):
        fallback = ""
    if number.application:
        facts["application"] = number.application
        report.add("webhook", "application", Level.PROBLEM, **facts)
        report.changes.append(
            Change(**change, application=number.application, foreign=True)
        )
    elif here and number.method == "POST":
        # A fallback address of ours is one try more, which Connect adds; without it
        # Twilio tries again all the same.
        if number.url != address and not fallback:
            # Set by hand, without the retries: nobody minds when they are added.
            report.add("webhook", "once", Level.WARNING, **facts)
            report.changes.append(Change(**change, current=number.url))
        else:
            report.add("webhook", "ok", Level.OK, **facts)
    elif here or _is_unused(number.url):
        code = "method" if here else "unset"
        report.add("webhook", code, Level.PROBLEM, **facts)
        change["current"] = fallback
        report.changes.append(Change(**change, foreign=bool(fallback)))
    else:
        report.add("webhook", "elsewhere", Level.PROBLEM, **facts)
        report.changes.append(Change(**change, current=number.url, foreign=True))


def _check_service(report, service, address, phone=""):
    """Where a service's replies go; ``phone``: the number that is in it."""
    facts = {"name": service.name, "url": service.url.partition("#")[0]}
    if phone:
        facts["number"] = phone
        report.add("sender", "in_service", Level.OK, **facts)
    change = {"kind": "service", "sid": service.sid, "label": service.name}
    if any(known.sid == service.sid for known in report.changes):
        return
    if same_address(service.url, address) and service.method == "POST":
        if service.url != address:
            report.add("webhook", "service_once", Level.WARNING, **facts)
            report.changes.append(Change(**change, current=service.url))
        else:
            report.add("webhook", "service_ok", Level.OK, **facts)
    elif _is_unused(service.url) or same_address(service.url, address):
        code = "service_method" if service.url else "service_drops"
        report.add("webhook", code, Level.PROBLEM, **facts)
        report.changes.append(Change(**change))
    else:
        report.add("webhook", "service_elsewhere", Level.PROBLEM, **facts)
        report.changes.append(Change(**change, current=service.url, foreign=True))


def apply_changes(api, changes, address):
    """Point everything in ``changes`` to ``address``.

    :return: (labels that are done, error code or "")
    """
    done = []
    for change in changes:
        try:
            if change.kind == "service":
                api.point_service(change.sid, address)
            else:
                api.point_number(change.sid, address)
        except Exception as error:
            return done, error_code(error)
        done.append(change.label)
    return done, ""
