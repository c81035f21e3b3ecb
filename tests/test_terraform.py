"""Terraform, with nothing but the sandbox's AWS profile, makes a bucket, a stream and a REST API, and removes them."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from terraform_plugins import needs_terraform, plugins

from sandbox.settings import ROOT

pytestmark = [pytest.mark.sandbox, pytest.mark.full, needs_terraform]
NAME = "by-terraform"


@pytest.fixture
def terraform(sandbox, tmp_path: Path) -> Callable[..., str]:
    """Runs a command of Terraform in a folder of its own; it must succeed."""
    shutil.copy(ROOT / "tests" / "terraform" / "main.tf", tmp_path)
    foreign = {name: value for name, value in sandbox.environment.items() if not name.startswith("TF_")}
    environment = {**foreign, "TF_VAR_name": NAME, "TF_IN_AUTOMATION": "1", "PATH": os.environ["PATH"]}

    def run(*words: str) -> str:
        command = ["terraform", *words, "-no-color"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("init", f"-plugin-dir={plugins()}")
    return run


def test_what_terraform_applies_is_there_and_what_it_destroys_is_gone(sandbox, terraform) -> None:
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode")
    assert NAME in {bucket["Name"] for bucket in sandbox.s3.list_buckets()["Buckets"]}
    terraform("destroy", "-auto-approve")
    assert NAME not in {bucket["Name"] for bucket in sandbox.s3.list_buckets()["Buckets"]}
