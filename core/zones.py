# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""In which time zone a place lies, as far as its address tells."""

from datetime import datetime

import pytz

# Country and state -> its time zone; where it has several, the one of most people
# first. Zones of a state that differ in their history only count as one.
_EASTERN, _CENTRAL = "America/New_York", "America/Chicago"
_MOUNTAIN, _PACIFIC = "America/Denver", "America/Los_Angeles"
_OF_STATES = {
    "US": {
        _EASTERN: "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
        _CENTRAL: "AL AR IA IL LA MN MO MS OK WI",
        _MOUNTAIN: "CO MT NM UT WY",
        _PACIFIC: "CA NV WA",
        "America/Phoenix": "AZ",
        "America/Puerto_Rico": "PR VI",
        "Pacific/Guam": "GU MP",
        "Pacific/Honolulu": "HI",
        "Pacific/Pago_Pago": "AS",
        f"{_CENTRAL} {_EASTERN}": "TN",
        f"{_CENTRAL} {_MOUNTAIN}": "KS ND NE SD TX",
        f"{_EASTERN} {_CENTRAL}": "FL KY",
        f"America/Detroit {_CENTRAL}": "MI",
        f"America/Indiana/Indianapolis {_CENTRAL}": "IN",
        f"America/Boise {_PACIFIC}": "ID",
        f"{_PACIFIC} America/Boise": "OR",
        "America/Anchorage America/Adak": "AK",
    },
    "CA": {
        "America/Edmonton": "AB NT",
        "America/Halifax": "NS PE",
        "America/Iqaluit America/Winnipeg America/Edmonton": "NU",
        "America/Moncton": "NB",
        "America/Regina America/Edmonton": "SK",
        "America/St_Johns America/Goose_Bay": "NL",
        "America/Toronto America/Winnipeg": "ON",
        "America/Toronto America/Halifax": "QC",
        "America/Vancouver America/Edmonton": "BC",
        "America/Whitehorse": "YT",
        "America/Winnipeg": "MB",
    },
    "AU": {
        "Australia/Adelaide": "SA",
        "Australia/Brisbane": "QLD",
        "Australia/Darwin": "NT",
        "Australia/Hobart": "TAS",
        "Australia/Melbourne": "VIC",
        "Australia/Perth": "WA",
        "Australia/Sydney": "ACT NSW",
    },
}
_ZONES = {
    (country, state): zones.split()
    for country, entries in _OF_STATES.items()
    for zones, states in entries.items()
    for state in states.split()
}


def zone_of_place(country, state, entered, now):
    """The time zone of a place, "" where its address does not tell.

    :param country: its ISO code
    :param state: code of the state
    :param entered: name of the time zone that somebody, or a program, has entered; it
        counts where the place may lie in it
    :param now: naive UTC datetime
    """
    zones = _ZONES.get((country, state)) or pytz.country_timezones.get(country, [])
    if entered in pytz.all_timezones_set and any(
        is_same_clock(entered, zone, now) for zone in zones
    ):
        return entered
    if (country, state) in _ZONES:
        return zones[0]
    is_single = zones and all(is_same_clock(zones[0], zone, now) for zone in zones)
    return zones[0] if is_single else ""


def is_same_clock(zone, other, now):
    """Whether clocks show the same in two zones, in winter and in summer.

    :param now: naive UTC datetime
    """
    days = (datetime(now.year, 1, 15), datetime(now.year, 7, 15))
    return all(is_same_time(zone, other, day) for day in days)


def is_same_time(zone, other, moment):
    """Whether clocks show the same in two zones at a naive UTC datetime."""
    first, second = (
        pytz.utc.localize(moment).astimezone(pytz.timezone(name)).utcoffset()
        for name in (zone, other)
    )
    return first == second
