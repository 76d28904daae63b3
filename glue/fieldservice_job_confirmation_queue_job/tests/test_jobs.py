# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.fieldservice_job_confirmation.tests.common import ConfirmationHttpCase
from odoo.addons.queue_job.job import Job


@tagged("post_install", "-at_install")
class TestJobs(ConfirmationHttpCase):
    def _jobs(self):
        return self.env["queue.job"].search(
            [("model_name", "=", "fsm.confirmation.outbox")]
        )

    def test_one_job_per_sender(self):
        self._send()
        (job,) = self._jobs()
        self.assertEqual(job.channel, "root.job_confirmation")
        other = self._make_order(self.start + timedelta(days=1))
        self._send(other)
        self.assertEqual(self._jobs(), job)

    def test_a_job_sends_what_waits(self):
        record = self._send()
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            Job.load(self.env, self._jobs().uuid).perform()
            self.assertTrue(self.twilio.wait(20))
        self.env.invalidate_all()
        self.assertIn(record.state, ("sent", "delivered"))

    def test_held_ones_have_a_job_of_their_own(self):
        record = self._send()
        at = fields.Datetime.now() + timedelta(hours=9)
        self.env["fsm.confirmation.outbox"]._wake(record, at)
        self.assertEqual(len(self._jobs()), 2)
        self.assertIn(at.replace(microsecond=0), self._jobs().mapped("eta"))

    def test_the_net_stays(self):
        cron = self.env.ref("fieldservice_job_confirmation.ir_cron_send_confirmations")
        self.assertTrue(cron.active)
        self._send()
        self.assertFalse(
            self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        )
