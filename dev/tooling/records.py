# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Records that the bench and the harness make by Odoo's own means."""

from .simulator import ACCOUNT, OUR_NUMBER, TOKEN


def set_up_company(env, **values):
    """Have the first company send by the simulator's account; returns it.

    :param values: further ones of the company
    """
    company = env.ref("base.main_company")
    country = env.ref("base.us").id
    company.write(
        {
            "country_id": country,
            "sms_provider": "twilio",
            "sms_twilio_account_sid": ACCOUNT,
            "sms_twilio_auth_token": TOKEN,
            **values,
        }
    )
    env["sms.twilio.number"].create(
        {"company_id": company.id, "number": OUR_NUMBER, "country_id": country}
    )
    env["ir.config_parameter"].set_param("web.base.url.freeze", "True")
    # The tools run at any hour.
    env["ir.config_parameter"].set_param("job_confirmation.texting_hours", "0-24")
    return company


def make_contacts(env, values):
    """Contacts in the United States; returns them.

    :param values: list of dicts with at least ``name``
    """
    common = {"country_id": env.ref("base.us").id, "tz": "America/New_York"}
    common["lang"] = "en_US"
    return env["res.partner"].create([{**common, **one} for one in values])


def make_locations(contacts):
    """A place where each contact has work done; returns them."""
    return contacts.env["fsm.location"].create(
        [
            {
                "name": f"Home of {contact.name}",
                "owner_id": contact.commercial_partner_id.id,
                "contact_id": contact.id,
                "street": f"{contact.id} Main St",
                "city": "Springfield",
                "country_id": contact.country_id.id,
                "tz": contact.tz,
            }
            for contact in contacts
        ]
    )
