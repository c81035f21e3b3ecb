"""Where Terraform's providers lie on this machine."""

import os
import shutil
from pathlib import Path

import pytest


def plugins() -> Path | None:
    """A folder of unpacked providers, as `terraform providers mirror` lays them out: named, or found in /opt."""
    if named := os.environ.get("TERRAFORM_PLUGINS"):
        return Path(named)
    return next((found.parent for found in Path("/opt").glob("*/registry.terraform.io")), None)


needs_terraform = pytest.mark.skipif(
    shutil.which("terraform") is None or plugins() is None,
    reason="terraform is not installed, or TERRAFORM_PLUGINS names no folder with the AWS provider",
)
