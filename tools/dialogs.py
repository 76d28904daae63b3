# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Actions that open a form above the screen."""


def open_dialog(name, model, record_id=False, **context):
    """Return the action that opens a form in a dialog.

    :param name: its title, translated
    :param record_id: which record; without one, a new one with the context's defaults
    """
    return {
        "type": "ir.actions.act_window",
        "name": name,
        "res_model": model,
        "res_id": record_id,
        "views": [(False, "form")],
        "target": "new",
        "context": context,
    }


def open_record(record, **context):
    """Return the action that opens a record's form in a dialog, under its own name."""
    return open_dialog(record.display_name, record._name, record.id, **context)
