"""Parameters come from one file, and from the environment where the student must give them."""

import pytest
from rendered_templates import GIVEN, templates

from deployment import parameters
from deployment.errors import ParameterMissingError
from deployment.parameters import FILE, parameters_of, read_parameters, variable
from deployment.templates import read


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a parameters file of its own; there is no `.env`."""
    monkeypatch.setattr(parameters, "ROOT", tmp_path)
    monkeypatch.setattr(parameters, "FILE", tmp_path / "parameters.yaml")

    def write(text: str) -> None:
        (tmp_path / "parameters.yaml").write_text(text)

    return write


def test_values_are_sent_as_cloudformation_takes_them(written) -> None:
    written("Project: pinterest\nDays: 30\nNat: false\nZones: [a, b]\n")
    assert read_parameters() == {"Project": "pinterest", "Days": "30", "Nat": "false", "Zones": "a,b"}


def test_what_is_empty_is_looked_up_in_the_environment(written, monkeypatch) -> None:
    written("UserId:\n")
    monkeypatch.setenv("USER_ID", "0123456789ab")
    assert read_parameters() == {"UserId": "0123456789ab"}


def test_what_is_empty_is_looked_up_in_the_repositorys_env_file(written, monkeypatch, tmp_path) -> None:
    written("UserId:\n")
    monkeypatch.delenv("USER_ID", raising=False)
    (tmp_path / ".env").write_text("USER_ID=abcdefabcdef\n")
    assert read_parameters() == {"UserId": "abcdefabcdef"}


def test_what_is_written_is_not_looked_up(written, monkeypatch) -> None:
    written("Project: pinterest\n")
    monkeypatch.setenv("PROJECT", "another")
    assert read_parameters() == {"Project": "pinterest"}


def test_a_missing_parameter_is_named_with_its_file_and_its_variable(written) -> None:
    with pytest.raises(ParameterMissingError) as caught:
        parameters_of({"Parameters": {"UserId": {"Type": "String", "Description": "12 hex digits."}}}, {})
    assert "UserId has no value. 12 hex digits." in caught.value.fact
    assert "parameters.yaml" in caught.value.mend
    assert "USER_ID" in caught.value.mend


def test_a_template_gets_those_that_it_declares_and_its_own_defaults_stand(written) -> None:
    template = {"Parameters": {"Project": {"Type": "String"}, "Waf": {"Type": "String", "Default": "none"}}}
    assert parameters_of(template, {"Project": "p", "Other": "o"}) == {"Project": "p"}


@pytest.mark.parametrize(
    ("name", "expected"), [("UserId", "USER_ID"), ("Email", "EMAIL"), ("DatabricksRoleArn", "DATABRICKS_ROLE_ARN")]
)
def test_the_variable_of_a_parameter(name: str, expected: str) -> None:
    assert variable(name) == expected


def test_every_parameter_of_the_file_is_some_templates() -> None:
    declared = {name for template in templates().values() for name in template.get("Parameters", {})}
    assert set(read(FILE)) <= declared


def test_a_parameter_means_the_same_in_every_template() -> None:
    types: dict[str, set[str]] = {}
    for template in templates().values():
        for name, told in template.get("Parameters", {}).items():
            types.setdefault(name, set()).add(told["Type"])
    assert not {name: found for name, found in types.items() if len(found) > 1}


def test_every_parameter_without_a_default_is_in_the_file_or_asked_of_aws() -> None:
    required = {
        name
        for template in templates().values()
        for name, told in template.get("Parameters", {}).items()
        if "Default" not in told
    }
    assert required <= set(read(FILE)) | set(GIVEN)
