# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A process with Odoo in it that does what it is told, one line of JSON each."""

import json
import subprocess

from ..cache import REPOSITORY
from ..child import stop_with_parent
from ..console import Problem


class WorkerProcess:
    """One Odoo on one database; :meth:`call` runs a function of ``worker``."""

    def __init__(self, databases, database, *, env=None):
        """:param databases: ``tooling.database.Databases``
        :param env: more variables for the process
        """
        self.database = database
        self.log = databases.data / f"worker-{database}.log"
        variables = databases.environment()
        variables["PYTHONPATH"] = str(REPOSITORY / "dev")
        variables.update(env or {})
        command = [str(databases.odoo.python), "-m", "tooling.bench.worker"]
        command += databases.odoo_options(database)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=variables,
                # Ctrl-C is for us; we stop the children in order.
                start_new_session=True,
                preexec_fn=stop_with_parent(),
            )

    def call(self, name, /, **arguments):
        """Run a function there and return its result.

        :raises Problem: it failed there; the end of its log is shown
        """
        line = json.dumps({"name": name, "arguments": arguments})
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline() or "{}")
        except (BrokenPipeError, ValueError):
            answer = {}
        if "result" in answer:
            return answer["result"]
        tail = self.log.read_text(errors="replace").splitlines()[-15:]
        raise Problem(
            f"Measuring in {self.database} failed ({name}). The end of {self.log}:\n"
            + "\n".join(tail)
        )

    def stop(self):
        """End the process."""
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
