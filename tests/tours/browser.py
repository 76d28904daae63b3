# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One browser for all tours of a class: starting it takes longer than a tour."""

from concurrent.futures import Future
from unittest.mock import patch

from odoo.tests import common


class SharedBrowser(common.ChromeBrowser):
    """A browser that outlives a tour; scripts and styles stay in its cache."""

    def begin(self, test_case, success_signal):
        """Make it as good as new for the next tour."""
        self.test_case = test_case
        self._logger = test_case._logger
        self.success_signal = success_signal
        self._result = Future()
        self.error_checker = None
        self.had_failure = False
        return self

    def stop(self):  # pylint: disable=missing-return
        """Leave the page, with all that it keeps but for the cache."""
        self.navigate_to("about:blank", wait_stop=True)
        self._websocket_request(
            "Storage.clearDataForOrigin",
            params={"origin": self.test_case.base_url(), "storageTypes": "all"},
        )
        self._result.cancel()

    def quit(self):  # pylint: disable=missing-return
        """Close it for good."""
        super().stop()  # pylint: disable=super-method-mismatch


class SharedBrowserMixin:
    """For an ``HttpCase``: its tours run one after another in one browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._shared_browser = None
        cls.startClassPatcher(patch.object(common, "ChromeBrowser", cls._get_browser))
        cls.addClassCleanup(cls._quit_browser)

    @classmethod
    def _get_browser(cls, test_case, success_signal, **options):
        if not cls._shared_browser:
            cls._shared_browser = SharedBrowser(test_case, success_signal, **options)
        return cls._shared_browser.begin(test_case, success_signal)

    @classmethod
    def _quit_browser(cls):
        if cls._shared_browser:
            cls._shared_browser.quit()
