# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The unit tests of the components, in a real browser."""

from odoo.tests import HttpCase, no_retry, tagged

from ..common import MODULE


def _hash(name):
    """The number by which hoot knows a folder or test."""
    value = 0
    for char in name:
        value = ((value << 5) - value + ord(char)) & 0xFFFFFFFF
    return f"{value:08x}"


@tagged("post_install", "-at_install")
class TestJs(HttpCase):
    @no_retry
    def test_desktop(self):
        url = "/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id="
        problems = []

        def stops(message):
            """Whether to stop; a test that fails doesn't keep the others from it."""
            problems.append(message)
            return "[HOOT]" not in message

        try:
            self.browser_js(
                url + _hash(f"@{MODULE}"),
                "",
                "",
                login="admin",
                timeout=600,
                success_signal="[HOOT] Test suite succeeded",
                error_checker=stops,
            )
        except AssertionError as error:
            raise AssertionError("\n".join(problems)) from error
