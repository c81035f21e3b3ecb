"""A template is rendered whole: short forms long, files taken in, account and student as CloudFormation knows them."""

import json
from pathlib import Path
from typing import Any

import pytest
from rendered_templates import template, templates

from deployment.errors import TemplateError
from deployment.parts import PARTS, ROOT
from deployment.templates import body, read, render

LIMIT = 51_200


def rendered(folder: Path, text: str) -> dict[str, Any]:
    path = folder / "template.yaml"
    path.write_text(text)
    return render(path)


def include(location: str) -> str:
    return f"{{Fn::Transform: {{Name: AWS::Include, Parameters: {{Location: {location}}}}}}}"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!GetAtt A.B.C", {"Fn::GetAtt": ["A", "B.C"]}),
        ("!GetAtt [A, B]", {"Fn::GetAtt": ["A", "B"]}),
        ("!Sub ${A}-b", {"Fn::Sub": "${A}-b"}),
        ("!Split [',', !ImportValue a]", {"Fn::Split": [",", {"Fn::ImportValue": "a"}]}),
        ("!If [Big, !Ref A, !Ref AWS::NoValue]", {"Fn::If": ["Big", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}),
        ("{Condition: !Condition A}", {"Condition": {"Condition": "A"}}),
        ("2012-10-17", "2012-10-17"),
    ],
)
def test_short_forms_become_long(tmp_path: Path, short: str, long: Any) -> None:
    assert rendered(tmp_path, f"Value: {short}")["Value"] == long


def test_a_file_that_is_taken_in_is_there_whole(tmp_path: Path) -> None:
    (tmp_path / "connector.json").write_text('{"name": "sink", "config": {"tasks.max": "3"}}')
    assert rendered(tmp_path, f"Value: {include('connector.json')}")["Value"]["name"] == "sink"


def test_one_key_of_a_file_is_taken_in_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "connector.json").write_text('{"name": "sink", "config": {"tasks.max": "3"}}')
    assert rendered(tmp_path, f"Value: {include('connector.json#config')}")["Value"] == {"tasks.max": "3"}


def test_a_file_of_another_kind_is_text(tmp_path: Path) -> None:
    (tmp_path / "worker.properties").write_text("a=b\n")
    assert rendered(tmp_path, f"Value: {include('worker.properties')}")["Value"] == "a=b\n"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("user-${USER_ID}-bucket", {"Fn::Sub": "user-${UserId}-bucket"}),
        ("arn:aws:iam::123456789012:role/a", {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/a"}),
        ("${USER_ID} ${other} 123456789012", {"Fn::Sub": "${UserId} ${!other} ${AWS::AccountId}"}),
        ("http://${stageVariables.restProxy}/{proxy}", "http://${stageVariables.restProxy}/{proxy}"),
        ("plain", "plain"),
    ],
)
def test_account_and_student_are_put_in_and_nothing_else(tmp_path: Path, written: str, sent: Any) -> None:
    (tmp_path / "taken.json").write_text(json.dumps({"deep": [written]}))
    assert rendered(tmp_path, f"Value: {include('taken.json')}")["Value"] == {"deep": [sent]}


def test_what_stands_in_the_template_itself_is_left_alone(tmp_path: Path) -> None:
    assert rendered(tmp_path, "Value: 'a ${USER_ID} 123456789012'")["Value"] == "a ${USER_ID} 123456789012"


def test_another_body_is_another_logical_id_and_a_comment_is_no_other_body(tmp_path: Path) -> None:
    text = f"Resources: {{DeployedBODYHASH: {{Body: {include('api.yaml')}}}, Other: !Ref DeployedBODYHASH}}"
    bodies = ["a: 1", "a: 1 # the same", "a: 2"]
    names = []
    for content in bodies:
        (tmp_path / "api.yaml").write_text(content)
        made = rendered(tmp_path, text)["Resources"]
        names.append(next(iter(made)))
        assert made["Other"] == {"Ref": names[-1]}
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize("location", ["missing.json", "broken.json", "there.json#missing"])
def test_a_file_that_cannot_be_taken_in_is_named(tmp_path: Path, location: str) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "there.json").write_text("{}")
    with pytest.raises(TemplateError, match=location.split("#")[0]):
        rendered(tmp_path, f"Value: {include(location)}")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_each_template_is_sent_in_the_request_itself(part: Any) -> None:
    assert len(body(template(part)).encode()) <= LIMIT


def test_what_the_sandbox_serves_is_what_amazon_gets() -> None:
    """The API's body, the connector and the worker configuration come from the very files, not from copies."""
    sent = json.dumps(list(templates().values()))
    for file in ("api.yaml", "worker.properties"):
        assert json.dumps(_sent_form(read(ROOT / "aws" / file))) in sent, file
    for key, value in read(ROOT / "aws" / "s3-sink.json")["config"].items():
        assert f"{json.dumps(key)}: {json.dumps(_sent_form(value))}" in sent, key


def _sent_form(value: Any) -> Any:
    from deployment.templates import _with_references

    return _with_references(value)
