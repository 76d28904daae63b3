# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/demo``: Odoo with demo data and the Twilio simulator, from nothing."""

import argparse
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import cache as cache_folder
from . import child, processes, python
from .console import Problem, clear_problems, step
from .database import Databases, Stamp
from .postgres import Postgres
from .simulator import CUSTOMERS
from .simulator import FOLDER as SIMULATOR

DATABASE = "demo"
OUR_NUMBER = "+12025550100"  # as in demo/res_company.xml
BLOCK = """
  ------------------------------------------------------------------------
   Odoo         {odoo}        user admin, password admin
   The phone    {phone}        your customers' phones (a Twilio simulator)

   Try first    In Odoo: Field Service, Work Order FO026 (Emily Smith), Send
                Confirmation. On the phone: Emily Smith, answer Yes.
                Back in Odoo: Message Center.
   Levels       log in as mc_admin, mc_edit, mc_read or mc_none
                (the password is the login)
   Data         {data}
   Stop         Ctrl-C
  ------------------------------------------------------------------------
"""


def _arguments():
    parser = argparse.ArgumentParser(
        prog="dev/demo",
        description="Start Odoo 19 with demo data and the Twilio simulator.",
    )
    parser.add_argument("--port", type=int, default=8069, help="Odoo's (8069)")
    parser.add_argument(
        "--twilio-port", type=int, default=8070, help="the simulator's (8070)"
    )
    parser.add_argument(
        "--data", metavar="DIR", help="database and files (in the cache folder)"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="begin with a new database"
    )
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    return parser.parse_args()


def main():
    """Entry point of ``dev/demo``."""
    options = _arguments()
    child.stop_on_signals()
    with clear_problems():
        _run(options)


def _data_folder(options, cache):
    if not options.data:
        return cache / "demo"
    data = Path(options.data).expanduser().resolve()
    try:
        data.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Problem(f"{data} is no folder. Choose another one with --data.") from None
    return data


def _run(options):
    if options.port == options.twilio_port:
        raise Problem("Odoo and the simulator need two different ports.")
    processes.check_port(options.port, "Odoo", "--port")
    processes.check_port(options.twilio_port, "the Twilio simulator", "--twilio-port")
    cache = cache_folder.folder()
    data = _data_folder(options, cache)
    data.mkdir(parents=True, exist_ok=True)
    cache_folder.check_space(data, 500, "choose another folder with --data")
    busy = f"A demo is running with {data}. Stop it, or choose another --data."
    with cache_folder.locked(data / "demo.lock", busy=busy):
        odoo = python.prepare(cache, options.odoo)
        postgres = Postgres(odoo.site, data)
        running = []
        try:
            step("Starting PostgreSQL ...")
            postgres.start()
            databases = Databases(odoo, postgres, cache, data)
            _prepare_database(databases, options)
            _start(databases, options, running)
            _watch(running)
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
        finally:
            for server in reversed(running):
                server.stop()
            postgres.stop()
    print("Stopped.", flush=True)


def _prepare_database(databases, options):
    """Make the demo database, or bring it up to date with the addon."""
    stamp = Stamp(databases.data / "demo.json")
    known = stamp.read()
    addon = cache_folder.addon_digest()
    exists = DATABASE in databases.postgres.databases()
    if exists and known.get("odoo") not in (None, databases.odoo.version):
        step("Odoo has changed since: a new database is made.")
        exists = False
    if options.fresh or not exists or "addon" not in known:
        stamp.write()
        databases.postgres.drop(DATABASE)
        shutil.rmtree(databases.data / "odoo", ignore_errors=True)
        (databases.data / "phones.json").unlink(missing_ok=True)
        step("Making the database with demo data (about a minute) ...")
        databases.install(
            DATABASE,
            modules=["fieldservice", "sms_twilio", cache_folder.ADDON],
            demo=True,
        )
    elif known["addon"] != addon:
        step("The addon has changed: updating the database ...")
        databases.install(DATABASE, update=[cache_folder.ADDON])
    stamp.write(odoo=databases.odoo.version, addon=addon)


def _start(databases, options, running):
    base = f"http://localhost:{options.port}"
    phone = f"http://localhost:{options.twilio_port}"
    _set_address(databases, base)
    step("Starting the Twilio simulator ...")
    command = [databases.odoo.python, str(SIMULATOR)]
    command += ["--port", options.twilio_port, "--quiet"]
    command += ["--state", databases.data / "phones.json"]
    command += ["--config", CUSTOMERS, "--number", OUR_NUMBER]
    command += ["--inbound-url", f"{base}/job_confirmation/twilio/inbound#rc=5&rp=all"]
    simulator = processes.Server(
        "The Twilio simulator", command, databases.data / "twilio.log"
    )
    running.append(simulator)
    simulator.wait_for(options.twilio_port)
    step("Starting Odoo ...")
    env = databases.environment()
    env["JOB_CONFIRMATION_TWILIO_API_URL"] = f"http://127.0.0.1:{options.twilio_port}"
    odoo_options = [
        *databases.odoo_options(DATABASE),
        "--http-interface=127.0.0.1",
        f"--http-port={options.port}",
        "--workers=0",
        "--log-level=info",
    ]
    server = processes.Server(
        "Odoo",
        databases.odoo.command(*odoo_options),
        databases.data / "odoo.log",
        env=env,
    )
    running.append(server)
    server.wait_for(options.port)
    _warm_up(options.port, server)
    step("Ready.")
    print(BLOCK.format(odoo=base, phone=phone, data=databases.data), flush=True)


def _warm_up(port, server):
    """Have Odoo load its registry and build its pages, so the first click is fast."""
    # The machine's proxy, if it has one, knows nothing of this machine's ports.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _attempt in range(120):
        server.check()
        try:
            address = f"http://127.0.0.1:{port}/web/login"
            opener.open(address, timeout=60).read()
            return
        except urllib.error.HTTPError as error:
            raise Problem(
                f"Odoo answers with an error ({error}); see {server.log}."
            ) from error
        except OSError:
            time.sleep(0.5)
    raise Problem(f"Odoo does not answer; see {server.log}.")


def _set_address(databases, base):
    """The public address, over which Twilio's signatures are checked."""
    sql = (
        "INSERT INTO ir_config_parameter (key, value)"
        f" VALUES ('web.base.url', '{base}'), ('web.base.url.freeze', 'True')"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    )
    databases.postgres.execute(DATABASE, sql, "telling Odoo its address")


def _watch(running):
    """Wait until Ctrl-C, or until a server ends by itself."""
    while True:
        for server in running:
            server.check()
        time.sleep(0.5)
