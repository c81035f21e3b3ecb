"""The JSON files that the walkthroughs have a reader write, filled in for a student."""

import json
from string import Template
from typing import Any

from markdown_pages import walkthroughs
from shell_words import written_files

from sandbox.settings import ROOT

USER_ID, ACCOUNT, REGION = "0123456789ab", "123456789012", "us-east-1"
VALUES = {
    "USER_ID": USER_ID,
    "AWS_REGION": REGION,
    "account": ACCOUNT,
    "artifacts": f"pinterest-artifacts-{ACCOUNT}",
    "bucket": f"user-{USER_ID}-bucket",
}


def _files() -> dict[str, Any]:
    written = {name: text for page in walkthroughs() for name, text in written_files(page.shell).items()}
    filled = {name: Template(text).safe_substitute(VALUES) for name, text in written.items() if name.endswith(".json")}
    return {name: json.loads(text) for name, text in filled.items()}


def _connector(settings: dict[str, Any]) -> dict[str, Any]:
    """What the program of walkthrough 2 makes of the sink's file and the settings."""
    sink = json.loads((ROOT / "aws" / "s3-sink.json").read_text())
    return {"connectorName": sink["name"], "connectorConfiguration": sink["config"], **settings}


FILES = _files()
FILES["connector.json"] = _connector(FILES["connector-settings.json"])
POLICIES = {name: content for name, content in FILES.items() if "Statement" in content}
