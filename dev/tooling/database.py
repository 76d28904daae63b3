# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Databases with Odoo in them."""

import json
import os

from . import cache as cache_folder
from .console import run, step

# What the addon builds on; a template holds these so that only ours is installed.
BASE_MODULES = ["fieldservice", "sms_twilio"]


class Databases:
    """Makes databases of one Odoo on one PostgreSQL."""

    def __init__(self, odoo, postgres, cache, data):
        """:param data: folder for Odoo's own files and logs"""
        self.odoo = odoo
        self.postgres = postgres
        self.cache = cache
        self.data = data
        self.log = data / "odoo-setup.log"

    def odoo_options(self, database):
        """Options that every Odoo process here needs."""
        paths = [cache_folder.addon_path(self.cache), *self.odoo.addons]
        return [
            f"--addons-path={','.join(map(str, paths))}",
            f"--data-dir={self.data / 'odoo'}",
            f"--database={database}",
            f"--db-filter=^{database}$",
            "--no-database-list",
        ]

    def environment(self):
        """Variables for an Odoo process."""
        env = self.postgres.environment()
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        # A person's own Odoo configuration must not leak in.
        env["ODOO_RC"] = os.devnull
        env.pop("OPENERP_SERVER", None)
        # Nor does the machine's proxy, if it has one, know this machine's ports.
        others = env.get("no_proxy") or env.get("NO_PROXY") or ""
        env["no_proxy"] = env["NO_PROXY"] = f"localhost,127.0.0.1,{others}"
        return env

    def install(self, database, *, modules=(), update=(), demo=False):
        """Install or update modules and stop."""
        options = [*self.odoo_options(database), "--stop-after-init", "--no-http"]
        options.append("--log-level=warn")
        if demo:
            options.append("--with-demo")
        if modules:
            options += ["-i", ",".join(modules)]
        if update:
            options += ["-u", ",".join(update)]
        output = run(
            self.odoo.command(*options),
            f"installing {', '.join([*modules, *update])} in Odoo",
            log=self.log,
            env=self.environment(),
        )
        return output

    def template(self, *, demo=False):
        """The name of a database with what the addon builds on, made once."""
        kind = "demo" if demo else "plain"
        name = f"template_{kind}_{self.odoo.version}"
        with cache_folder.locked(self.data / f"{name}.lock"):
            if name not in self.postgres.databases():
                step("Installing Odoo's field service in a template database ...")
                making = f"{name}_making"
                self.postgres.drop(making)
                self.install(making, modules=BASE_MODULES, demo=demo)
                self.postgres.rename(making, name)
        return name


class Stamp:
    """A small JSON file that remembers what a data folder holds."""

    def __init__(self, path):
        self.path = path

    def read(self):
        """The remembered values, or an empty dict."""
        try:
            return json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}

    def write(self, **values):
        """Replace the remembered values."""
        self.path.write_text(json.dumps(values, indent=1))
