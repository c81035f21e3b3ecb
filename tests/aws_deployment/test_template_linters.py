"""AWS's resource schemas, and the rules that others wrote for templates, find nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rendered_templates import every_resource, templates
from template_tools import run

# In all templates together; each says why beside it.
MOST_SUPPRESSIONS = 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered templates, a file each."""
    made = tmp_path_factory.mktemp("rendered")
    for part, template in templates().items():
        (made / f"{part.name}.json").write_text(json.dumps(template))
    return made


def test_the_templates_are_valid_by_awss_resource_schemas(folder: Path) -> None:
    found = json.loads(run("cfn-lint", "--format", "json", "--regions", "us-east-1", "--", *sorted(folder.iterdir())))
    assert not [f"{one['Filename']}: {one['Rule']['Id']} {one['Message']}" for one in found]


def test_the_templates_are_safe_by_checkovs_rules(folder: Path) -> None:
    words = ("--framework", "cloudformation", "--output", "json", "--quiet", "--skip-download")
    told = json.loads(run("checkov", "--directory", folder, *words))
    assert told["summary"]["passed"] > 0 == told["summary"]["parsing_errors"]
    assert not [f"{one['resource']}: {one['check_id']} {one['check_name']}" for one in told["results"]["failed_checks"]]


def suppressions() -> Iterator[tuple[str, dict[str, Any]]]:
    for part, name, resource in every_resource():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            yield f"{part.name} {name} {skip['id']}", skip.get("comment", "")
        for rule in resource.get("Metadata", {}).get("cfn-lint", {}).get("config", {}).get("ignore_checks", []):
            yield f"{part.name} {name} {rule}", resource["Metadata"].get("Reason", "")


def test_suppressions_are_few_and_each_says_why() -> None:
    told = dict(suppressions())
    assert len(told) <= MOST_SUPPRESSIONS
    assert not [name for name, reason in told.items() if len(reason) < 20]
