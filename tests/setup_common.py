# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What tests of the setup need: an administrator, and addresses that misbehave."""

import datetime
import http.server
import ssl
import tempfile
import threading
from pathlib import Path

from ..controllers.twilio import EMPTY_TWIML, JobConfirmationTwilio
from .common import MODULE, OUR_NUMBER, ConfirmationHttpCase, new_user

INBOUND = JobConfirmationTwilio.INBOUND_URL
OVERRIDES = "#rc=5&rp=all"
ELSEWHERE = "https://old.example.com/sms"


class PublicAddress:
    """A server that stands where the public address of Odoo leads to.

    By default it answers as our controller does to a good request.
    """

    def __init__(self, status=200, headers=None, body=EMPTY_TWIML, tls=False):
        self.requests = []
        headers = {"Content-Type": "text/xml; charset=utf-8"} | (headers or {})
        requests = self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                requests.append((self.path, self.rfile.read(length).decode()))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if tls:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with tempfile.TemporaryDirectory() as folder:
                context.load_cert_chain(_self_signed(Path(folder)))
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True
            )
        self.url = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


def _self_signed(folder):
    """A certificate and its key in one file, that nobody trusts."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


class SetupCase(ConfirmationHttpCase):
    """A system administrator with the dialog."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system = new_user(
            cls.env,
            "mc_test_system",
            groups=f"base.group_system,fieldservice.group_fsm_manager,"
            f"{MODULE}.group_message_center_admin",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
            tz="America/New_York",
        )

    @property
    def connection(self):
        return self.env["fsm.confirmation.connection"]._of_sudo(self.company)

    def _dialog(self, **values):
        return (
            self.env["fsm.confirmation.setup"]
            .with_user(self.system)
            .with_context(allowed_company_ids=self.company.ids)
            .create(values)
        )

    def _click(self, button, dialog=None, **values):
        """Press a button of the dialog; returns the dialog."""
        dialog = dialog or self._dialog(**values)
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            getattr(dialog, button)()
        self.env.flush_all()
        return dialog

    def _found(self, dialog):
        """What the dialog shows: {key: level}."""
        return {entry["key"]: entry["level"] for entry in dialog.checks}

    def _text(self, dialog, key):
        """Sentence and way out of one check."""
        entry = next(entry for entry in dialog.checks if entry["key"] == key)
        return f"{entry['text']} {entry['advice']}"

    def _number_at_twilio(self, phone=OUR_NUMBER):
        """The number as the simulator has it."""
        for account in self.twilio.config()["accounts"]:
            for number in account["numbers"]:
                if number["phone_number"] == phone:
                    return number
        return None

    def _service_at_twilio(self, sid):
        for account in self.twilio.config()["accounts"]:
            for service in account["services"]:
                if service["sid"] == sid:
                    return service
        return None
