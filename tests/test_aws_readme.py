"""What aws/README.md names is there, what it says of costs is what `make cost` says, and its steps work."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment.costs import costs, read_prices
from deployment.parameters import read_parameters
from deployment.parts import FOLDER, PARTS, ROOT
from deployment.templates import read, render
from sandbox.parts.mariadb import MariaDB

README = ROOT / "aws" / "README.md"
TEXT = README.read_text(encoding="utf-8")
QUOTED = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)))
ROWS = {
    row[0].strip(" `"): [cell.strip() for cell in row]
    for row in (line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| `"))
}
TEMPLATES = {part.name: render(part.template) for part in PARTS}
MAKEFILE = (ROOT / "Makefile").read_text()
BUNDLE = yaml.safe_load((ROOT / "databricks.yml").read_text())


def hourly(part: str, **changes: str) -> float:
    """US dollars an hour that a part costs."""
    parameters = {**read_parameters(), **changes}
    return sum(cost.hour for cost in costs(part, TEMPLATES[part], parameters, read_prices()))


def test_the_table_has_every_part_in_the_order_of_their_deployment() -> None:
    assert list(ROWS) == [part.name for part in PARTS]
    assert {len(row) for row in ROWS.values()} == {8}


def test_the_commands_deploy_every_part_in_order() -> None:
    assert re.findall(r"^make deploy PART=(\S+)", TEXT, re.MULTILINE) == [part.name for part in PARTS]


@pytest.mark.parametrize("part", [part.name for part in PARTS])
def test_a_parts_cost_is_that_of_the_price_table(part: str) -> None:
    assert ROWS[part][3] == f"{hourly(part):.3f}"


def test_the_cost_of_the_way_out_is_that_of_the_price_table() -> None:
    more = hourly("network", Nat="single") - hourly("network", Nat="none")
    assert f"{more:.2f} USD an hour more" in TEXT


def test_every_command_of_make_is_there() -> None:
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.MULTILINE):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
    for part in re.findall(r"PART=([a-z-]+)", TEXT):
        assert part in {"all", *TEMPLATES}, part


def test_every_file_that_is_named_is_there() -> None:
    linked = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert all((README.parent / path).exists() for path in linked)
    named = [name for name in QUOTED if re.fullmatch(r"[\w./-]+(\.(yaml|yml|json|properties|sh|pem|py|md)|/)", name)]
    here = {name for name in named if any((base / name).exists() for base in (README.parent, ROOT, ROOT / "dags"))}
    assert set(named) - here == {"global-bundle.pem", "databricks/", "topics/"}


def test_every_parameter_and_output_that_is_named_is_there() -> None:
    outputs = {name for template in TEMPLATES.values() for name in template.get("Outputs", {})}
    known = {*read(FOLDER / "parameters.yaml"), *outputs}
    named = {name.partition(":")[0] for name in QUOTED if re.fullmatch(r"[A-Z][a-z]+[A-Za-z]*(: \w+)?", name)}
    assert named and named <= known


def test_every_variable_that_is_named_is_a_setting_of_the_course_or_of_the_commands() -> None:
    settings = re.findall(r"^([A-Z_]+)=", (ROOT / "credentials" / "template.env").read_text(), re.MULTILINE)
    named = {name for name in QUOTED if re.fullmatch(r"[A-Z][A-Z_]+", name)}
    assert named <= {*settings, "EMAIL"}
    given = set(re.findall(r"BUNDLE_VAR_(\w+)=", TEXT)) | set(re.findall(r"--var (\w+)=", TEXT))
    assert given <= set(BUNDLE["variables"])
    needed = {name for name, told in BUNDLE["variables"].items() if "default" not in told}
    assert needed <= given


def test_the_credentials_have_the_names_that_the_bundle_uses() -> None:
    for name in ("storage_credential", "service_credential"):
        assert BUNDLE["variables"][name]["default"] in QUOTED


def test_it_says_plainly_that_nothing_was_deployed() -> None:
    assert "**Nothing here was deployed to a real AWS account or Databricks workspace.**" in TEXT
    assert "**None of it was deployed to a real account or workspace.**" in (ROOT / "README.md").read_text()


@pytest.mark.full
@pytest.mark.sandbox
def test_the_step_that_fills_the_database_fills_it(sandbox: Any, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    engine = sandbox.stack.part(MariaDB).engine()
    url = engine.url
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE DATABASE filled_as_on_aws")
    settings = {"RDS_HOST": url.host, "RDS_PORT": str(url.port), "RDS_USER": url.username, "RDS_PASSWORD": url.password}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RDS_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**plain, **settings, "RDS_DATABASE": "filled_as_on_aws"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    with engine.begin() as connection:
        counted = connection.exec_driver_sql("SELECT COUNT(*) FROM filled_as_on_aws.user_data").scalar_one()
        connection.exec_driver_sql("DROP DATABASE filled_as_on_aws")
    assert (done.returncode, counted) == (0, 11_154), done.stderr
