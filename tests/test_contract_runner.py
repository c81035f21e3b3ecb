"""The runner of the contract cases: it passes what is right and tells what is wrong."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from contracts.cases import Case, Contract, load
from contracts.matching import fill, matches
from contracts.runner import ContractBrokenError, Run
from contracts.shapes import violations
from contracts.target import Target, real_target

KEYS: dict[str, Any] = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "secret", "region_name": "us-east-1"}


class OneAnswer(BaseHTTPRequestHandler):
    """Answers every request with what the test has laid down; the last answer is repeated."""

    answers: ClassVar[list[tuple[int, Any]]] = []
    heard: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest's output is for the tests."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    listener = ThreadingHTTPServer(("127.0.0.1", 0), OneAnswer)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listener.server_address[1]}"
    listener.shutdown()


@pytest.fixture
def run(server: str) -> Run:
    session = boto3.session.Session(**KEYS)
    target = Target(session, {"rest_proxy": server})
    target.clients["kinesis"] = session.client("kinesis", endpoint_url=server)
    OneAnswer.heard.clear()
    return Run(Contract("sample", (), service="kinesis"), target)


@pytest.fixture
def http_run(run: Run) -> Run:
    return Run(Contract("sample", (), http="rest-proxy"), run.target)


def answering(*answers: tuple[int, Any]) -> None:
    OneAnswer.answers[:] = answers


RECORD = {"ShardId": "shardId-000000000000", "SequenceNumber": "1"}
PUT = {"StreamName": "s-{unique}", "Data": b"x", "PartitionKey": "1"}


def case(**fields: Any) -> Case:
    return Case("a sample", "https://docs.example", **{"call": "put_record", "with_": PUT, **fields})


def test_a_right_answer_passes_and_placeholders_are_sent_filled(run: Run) -> None:
    answering((200, RECORD))
    run.run(case(expect={"SequenceNumber": "~^[0-9]+$", "ShardId": "<str>"}, save={"shard": "ShardId"}))
    assert OneAnswer.heard[0]["StreamName"] == f"s-{run.values['unique']}"
    assert run.values["shard"] == RECORD["ShardId"]


@pytest.mark.parametrize(
    ("answer", "fields", "told"),
    [
        ((200, RECORD), {"expect": {"SequenceNumber": "2"}}, "SequenceNumber: expected '2', found '1'"),
        ((200, {"ShardId": "a"}), {}, "SequenceNumber: required, missing"),
        ((200, {**RECORD, "EncryptionType": "ROT13"}), {}, "'ROT13' is none of ['NONE', 'KMS']"),
        ((200, RECORD), {"error": {"code": "X"}}, "code: expected 'X', found ''"),
        ((400, {"__type": "Y", "message": "no"}), {}, "no error expected, found Y: no"),
        ((400, {"__type": "Y", "message": "no"}), {"error": {"message": "~yes"}}, "expected '~yes', found 'no'"),
        ((403, {"__type": "Y"}), {"error": {"code": "Y", "status": 400}}, "status: expected 400, found 403"),
    ],
)
def test_a_wrong_answer_is_told_with_case_source_and_what_was_expected(
    run: Run, answer: tuple[int, Any], fields: dict[str, Any], told: str
) -> None:
    answering(answer)
    with pytest.raises(ContractBrokenError) as broken:
        run.run(case(**fields))
    missing = [
        part for part in ("a sample", "https://docs.example", "put_record", told) if part not in str(broken.value)
    ]
    assert not missing, str(broken.value)


def test_an_expected_error_passes(run: Run) -> None:
    answering((400, {"__type": "ResourceNotFoundException", "message": "Stream s under account 1 not found."}))
    run.run(case(error={"code": "ResourceNotFoundException", "status": 400, "message": "~Stream .* not found"}))


def test_a_call_is_repeated_until_it_answers_as_awaited(run: Run) -> None:
    answering((200, {**RECORD, "SequenceNumber": "1"}), (200, {**RECORD, "SequenceNumber": "2"}))
    run.run(case(until={"SequenceNumber": "2"}))
    assert len(OneAnswer.heard) == 2


def test_waiting_ends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.runner.UNTIL_SECONDS", 0.1)
    answering((200, RECORD))
    with pytest.raises(ContractBrokenError, match="expected '2', found '1'"):
        run.run(case(until={"SequenceNumber": "2"}))


def test_a_plain_http_case(http_run: Run) -> None:
    answering((200, {"offsets": [{"partition": 0}], "key_schema_id": None}))
    request = {"method": "POST", "path": "/topics/t-{unique}", "json": {"records": [{"value": 1}]}}
    http_run.run(case(call="", request=request, status=200, expect={"offsets[0].partition": 0, "key_schema_id": None}))
    with pytest.raises(ContractBrokenError, match="status: expected 404, found 200"):
        http_run.run(case(call="", request=request, status=404))


def test_a_case_whose_value_no_earlier_case_could_save_is_skipped(run: Run) -> None:
    later = case(with_={"StreamARN": "{arn}"})
    run.contract = Contract("sample", (case(save={"arn": "A"}), later), service="kinesis")
    with pytest.raises(pytest.skip.Exception, match="arn"):
        run.run(later)


@pytest.mark.parametrize(
    ("expected", "found", "verdict"),
    [
        (1, 1, True),
        (1, "1", False),
        ("~^a+$", "aaa", True),
        ("~^a+$", "aab", False),
        ("~a", None, False),
        ("<int>", 5, True),
        ("<int>", True, False),
        ("<int>", "5", False),
        ("<bool>", False, True),
        ("<list>", [], True),
        ("<map>", [], False),
        (None, None, True),
    ],
)
def test_values_match(expected: Any, found: Any, verdict: bool) -> None:
    assert matches(expected, found) is verdict


def test_only_known_names_are_filled() -> None:
    values = {"arn": "arn:x", "count": 3}
    assert fill({"a": ["{arn}/{proxy}", "{proxy+}"], "{arn}": "{count}"}, values) == {
        "a": ["arn:x/{proxy}", "{proxy+}"],
        "arn:x": 3,
    }


def test_shapes_are_walked_to_their_leaves() -> None:
    model = boto3.client("kinesis", **KEYS).meta.service_model
    shape = model.operation_model("ListShards").output_shape
    shard = {"ShardId": 7, "HashKeyRange": {"StartingHashKey": "0"}}
    assert violations(shape, {"Shards": [shard]}) == [
        ".Shards[0].SequenceNumberRange: required, missing",
        ".Shards[0].ShardId: string expected, found int 7",
        ".Shards[0].HashKeyRange.EndingHashKey: required, missing",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "service: a\nhttp: b\ncases: []",
        "service: a\ncases: [{name: n, source: s, cal: put_record}]",
        "service: a\ncases: [{name: n, call: put_record}]",
    ],
)
def test_a_misspelt_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"bad\.yaml"):
        load(tmp_path / "bad.yaml")


def test_a_profile_in_the_environment_is_the_target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile own]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert real_target({"CONTRACT_REST_PROXY": "http://proxy"}) is None
    target = real_target({"CONTRACT_PROFILE": "own", "CONTRACT_REST_PROXY": "http://proxy/", "CONTRACT_TOPIC": "t"})
    assert target is not None
    assert (target.session.region_name, target.base_url("rest-proxy"), target.values["topic"]) == (
        "eu-west-1",
        "http://proxy",
        "t",
    )
