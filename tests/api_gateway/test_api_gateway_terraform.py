"""Terraform applies, changes and destroys an API, and finds nothing to change after each apply."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from api_gateway_helpers import ACCESS_KEY, REPOSITORY, SECRET_KEY, GatewayProcess
from terraform_plugins import needs_terraform, plugins

pytestmark = [
    pytest.mark.full,
    needs_terraform,
]


class Terraform:
    """Terraform in a folder with the test's configuration, its AWS provider directed to a gateway."""

    def __init__(self, folder: Path, gateway: GatewayProcess) -> None:
        self._folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        self._environment = {**kept, **keys, "TF_VAR_endpoint": gateway.url, "TF_IN_AUTOMATION": "1"}
        shutil.copy(REPOSITORY / "tests/api_gateway/terraform/main.tf", folder)
        self.run("init", f"-plugin-dir={plugins()}")

    def run(self, *words: str, **variables: str) -> None:
        """Run a command of Terraform; the test fails if it fails, or if a plan with -detailed-exitcode has changes."""
        given = {f"TF_VAR_{name}": value for name, value in variables.items()}
        command = ["terraform", *words, "-no-color"]
        environment = {**self._environment, **given}
        ended = subprocess.run(command, cwd=self._folder, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture
def terraform(tmp_path: Path, gateway: GatewayProcess) -> Terraform:
    return Terraform(tmp_path, gateway)


def test_an_api_is_applied_changed_and_destroyed_without_drift(terraform: Terraform, gateway: GatewayProcess) -> None:
    client = gateway.client()
    before = client.get_rest_apis(limit=500)["items"]
    for variables in ({}, {"note": "second", "number": "2000"}):
        terraform.run("apply", "-auto-approve", **variables)
        terraform.run("plan", "-detailed-exitcode", **variables)
    descriptions = {api.get("description") for api in client.get_rest_apis(limit=500)["items"]}
    assert "made step by step: second" in descriptions
    terraform.run("destroy", "-auto-approve")
    assert client.get_rest_apis(limit=500)["items"] == before
    client.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}])
