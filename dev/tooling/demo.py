# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/demo``: Odoo with demo data and the Twilio simulator, from nothing."""

import shutil
import time
from pathlib import Path

from . import cache
from .cache import REPOSITORY
from .clock import PLACE, Clock
from .console import Problem, step
from .database import BASE_MODULES, Database, answers
from .postgres import Postgres
from .process import Server, free_port
from .simulator import API_URL, CUSTOMERS, FOLDER, HEALTH, INBOUND, OUR_NUMBER

BLOCK = """
  ------------------------------------------------------------------------
   Odoo         {odoo}        user admin, password admin
   The phone    {phone}        your customers' phones (a simulated Twilio)
   The mail     {mail}        what customers get who have no mobile number

{first}
   Levels       log in as mc_admin, mc_edit, mc_read or mc_none, or as the
                technician mc_tech (the password is the login)
   Data         {data}
   Stop         Ctrl-C
  ------------------------------------------------------------------------
"""
TRY_FIRST = """\
   Try first    In Odoo: Field Service, Work Order FO026 (Emily Smith), Send
                Confirmation. On the phone: Emily Smith, answer Yes.
                Back in Odoo: Message Center.
   By e-mail    Day Board, tomorrow, Gwen Hughes, Ask by E-mail: see the mail
   By itself    Message Center, Configuration, Confirmation Plans: switch on
                “Once, the day before”. Within a minute tomorrow's customers
                are asked: look at the phones. (Here its hour is the one of
                this start, in Springfield, and texts leave at night, too.)"""
MOVED = """\
   The clock    {time} in {place}, at this start.
                Your browser keeps its own: “in 2 hours” and the date buttons
                of the Message Center's list are off by as much."""
ASKS = """
   By itself    The plan “Once, the day before” is on. At 9:00, or now if that
                is over, the next day's customers are asked: look at the
                phones."""

# Tomorrow's customers are asked as soon as the plan is switched on, at any hour.
_PLAN_IS_DUE = """
    UPDATE fsm_confirmation_plan_step AS step
       SET hour = extract(epoch FROM date_trunc(
               'minute', now() AT TIME ZONE 'America/New_York')::time) / 3600
      FROM ir_model_data AS known, fsm_confirmation_plan AS plan
     WHERE known.module = 'fieldservice_job_confirmation'
       AND known.name = 'plan_1_day' AND plan.id = known.res_id
       AND step.plan_id = plan.id AND plan.enabled IS NOT TRUE;
    INSERT INTO ir_config_parameter (key, value)
         VALUES ('job_confirmation.texting_hours', '0-24')
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""
# The plan is on, at its own hour, and texts leave at decent ones.
PLAN_IS_ON = """
    UPDATE fsm_confirmation_plan AS plan SET enabled = TRUE
      FROM ir_model_data AS known
     WHERE known.module = 'fieldservice_job_confirmation'
       AND known.name = 'plan_1_day' AND plan.id = known.res_id;
    UPDATE fsm_confirmation_plan_step AS step SET hour = 9
      FROM ir_model_data AS known
     WHERE known.module = 'fieldservice_job_confirmation'
       AND known.name = 'plan_1_day_step_1' AND step.id = known.res_id;
    DELETE FROM fsm_confirmation_outlook;
    -- After a night, every daily job would come first.
    UPDATE ir_cron SET nextcall = (now() AT TIME ZONE 'UTC') + interval '10 minutes'
     WHERE interval_type <> 'minutes';
    DELETE FROM ir_config_parameter WHERE key = 'job_confirmation.texting_hours'
"""


def run(options, odoo):
    """Run until Ctrl-C."""
    if len({options.port, options.twilio_port, options.mail_port}) < 3:
        raise Problem("Odoo, the simulator and the mails need three different ports.")
    folder = Path(options.data or odoo.cache / "demo").expanduser().resolve()
    cache.make(folder, "--data")
    cache.check_space(folder, 500)
    busy = f"A demo is running with {folder}. Stop it, or choose another --data."
    with cache.locked(folder / "demo.lock", busy=busy):
        database = Database(odoo, Postgres(odoo, folder), "demo")
        clock = Clock(odoo, folder, fresh=options.fresh)
        at = clock.read(options.at) if options.at else None
        clock.start()
        running = []
        try:
            step("Starting PostgreSQL ...")
            database.postgres.start()
            _prepare_database(database, options.fresh)
            if at:
                clock.start(at)
                database.postgres.restart()
            _start(database, options, clock, running)
            while True:
                for server in running:
                    server.check()
                time.sleep(0.5)
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
        finally:
            for server in reversed(running):
                server.stop()
            database.postgres.stop()
    print("Stopped.", flush=True)
    return 0


def _prepare_database(database, fresh):
    """Make the demo database, or bring it up to date with the addon."""
    postgres = database.postgres
    now = f"{database.odoo.version} {cache.addon_digest()}"
    known = postgres.databases().get(database.name)
    if fresh or not known or known.split()[0] != now.split()[0]:
        database.drop()
        for old in (database.data, postgres.folder / "mails"):
            shutil.rmtree(old, ignore_errors=True)
        (postgres.folder / "phones.json").unlink(missing_ok=True)
        step("Making the database with demo data (about a minute) ...")
        database.install(*BASE_MODULES, cache.ADDON, demo=True)
    elif known != now:
        step("The addon has changed: updating the database ...")
        database.install(update=[cache.ADDON])
    postgres.remember(database.name, now)


def _start(database, options, clock, running):
    folder = database.postgres.folder
    base = f"http://localhost:{options.port}"
    phone = f"http://localhost:{options.twilio_port}"
    mail = f"http://localhost:{options.mail_port}"
    # The public address, over which Twilio's signatures are checked.
    database.postgres.execute(
        "INSERT INTO ir_config_parameter (key, value)"
        f" VALUES ('web.base.url', '{base}'), ('web.base.url.freeze', 'True')"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        database.name,
    )
    plan = PLAN_IS_ON if options.at else _PLAN_IS_DUE
    database.postgres.execute(plan, database.name)
    step("Starting the Twilio simulator ...")
    command = [database.odoo.python, "-B", FOLDER, "--port", options.twilio_port]
    command += ["--quiet", "--state", folder / "phones.json", "--config", CUSTOMERS]
    command += ["--number", OUR_NUMBER, "--inbound-url", f"{base}{INBOUND}#rc=5&rp=all"]
    simulator = Server("The Twilio simulator", command, folder / "twilio.log")
    running.append(simulator.start())
    simulator.wait_until(lambda: answers(options.twilio_port, HEALTH))
    smtp_port = _catch_mails(database, options.mail_port, running)
    step("Starting Odoo ...")
    env = {API_URL: f"http://127.0.0.1:{options.twilio_port}"}
    words = ["--workers=0", "--log-level=info", "--smtp=127.0.0.1"]
    words.append(f"--smtp-port={smtp_port}")
    server = database.server(options.port, *words, env=env)
    running.append(server.start())
    # Odoo loads its registry and builds its pages now, so the first click is fast.
    server.wait_until(lambda: answers(options.port, "/web/login"))
    step("Ready.")
    first = TRY_FIRST
    if clock.ahead:
        first = MOVED.format(time=clock.show(), place=PLACE)
        first += ASKS if options.at else ""
    block = BLOCK.format(odoo=base, phone=phone, mail=mail, data=folder, first=first)
    print(block, flush=True)


def _catch_mails(database, port, running):
    """Start what takes e-mails and shows them.

    :return: the port to which Odoo sends them
    """
    folder, smtp_port = database.postgres.folder, free_port()
    command = [database.odoo.python, "-B", REPOSITORY / "dev" / "mail_catcher"]
    command += ["--port", port, "--smtp-port", smtp_port, "--folder", folder / "mails"]
    catcher = Server("The mail catcher", command, folder / "mails.log")
    running.append(catcher.start())
    catcher.wait_until(lambda: answers(port, "/"))
    return smtp_port
