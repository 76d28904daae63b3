# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
CLOSE = {"type": "ir.actions.act_window_close"}


def notify(message, kind="success", then=None):
    """The action that tells the user what was done.

    :param kind: ``success`` or ``warning``
    :param then: the action after it
    """
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": kind,
            "message": message,
            **({"next": then} if then else {}),
        },
    }
