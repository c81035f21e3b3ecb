"""The Databricks Jobs API: runs the job notebooks on the sandbox's cluster."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.environment import variables
from sandbox.parts.base import HOST, Part
from sandbox.settings import ROOT


class Jobs(Part):
    """The service. Jobs, runs and executed notebooks survive a restart; what runs at a stop is ended."""

    name = "jobs"
    stands_for = "Databricks Jobs"
    needs = ("spark",)
    port_names = ("jobs",)
    stop_seconds = 40

    @property
    def address(self) -> str:
        """What DATABRICKS_HOST holds."""
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Nothing: what it keeps is made through its own calls."""

    def command(self) -> Sequence[str | Path]:
        """Run the service."""
        words: list[str | Path] = [sys.executable, "-m", "sandbox.servers.jobs", "--state", self.folder]
        return [*words, "--notebooks", ROOT / "notebooks", "--host", HOST, "--port", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        """What a student's shell has, for the notebooks; the API's address, known once it is deployed, is in `.env`."""
        exported = variables(self.settings, self.secrets)
        del exported["API_INVOKE_URL"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
        return {**exported, "SANDBOX_HOME": str(self.settings.home), "PATH": path}

    def probe(self) -> None:
        """Ask for the runs."""
        import requests

        token = self.secrets.databricks_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"}
        requests.get(f"{self.address}/api/2.2/jobs/runs/list", headers=headers, timeout=5).raise_for_status()
