"""Runs the cases of a contract in order."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import jmespath
import pytest
import requests
from botocore.exceptions import ClientError

from contracts.cases import Case, Contract
from contracts.matching import differences, fill, matches, placeholders
from contracts.shapes import violations
from contracts.target import Target, unique

UNTIL_SECONDS = 60.0
PAUSE_SECONDS = 0.25


class ContractBrokenError(AssertionError):
    """An answer that is not what the case says; the message holds case, source, what was sent, expected and found."""


@dataclass
class Answer:
    """What came back: the body, and the HTTP status. `code` and `message` are an AWS error's."""

    status: int
    body: Any
    code: str = ""
    message: str = ""


@dataclass
class Run:
    """One run of a contract: the values that its cases have saved."""

    contract: Contract
    target: Target
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = {**self.target.values, "unique": unique()}

    def run(self, case: Case) -> None:
        """Run one case. Raises `ContractBrokenError`; skips a case whose values an earlier one failed to save."""
        asked = [case.with_, case.request, case.expect, case.until]
        if lost := placeholders(asked) & self.contract.saved_names - set(self.values):
            pytest.skip(f"an earlier case failed and did not save {sorted(lost)}")
        case = self.filled(case)
        answer = self.awaited(case)
        self.check(case, answer)
        self.values |= {name: jmespath.search(path, answer.body) for name, path in case.save.items()}

    def filled(self, case: Case) -> Case:
        """The case with its placeholders replaced."""
        names = ("with_", "request", "expect", "until", "error")
        return replace(case, **{name: fill(getattr(case, name), self.values) for name in names})

    def awaited(self, case: Case) -> Answer:
        """The answer; where the case has `until`, the first that fulfils it, or the last one."""
        deadline = time.monotonic() + UNTIL_SECONDS
        while True:
            answer = self.ask(case)
            if answer.code or not differences(case.until, answer.body) or time.monotonic() > deadline:
                return answer
            time.sleep(PAUSE_SECONDS)

    def ask(self, case: Case) -> Answer:
        """Send the call or the request."""
        return self.by_boto3(case) if self.contract.service else self.by_http(case)

    def by_boto3(self, case: Case) -> Answer:
        """Call the client's method."""
        try:
            body = getattr(self.target.client(self.contract.service), case.call)(**case.with_)
        except ClientError as error:
            told = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return Answer(status, error.response, told["Code"], told.get("Message", ""))
        return Answer(body.pop("ResponseMetadata")["HTTPStatusCode"], body)

    def by_http(self, case: Case) -> Answer:
        """Send the HTTP request; a body that is no JSON is the answer's text."""
        asked = dict(case.request)
        url = self.target.base_url(self.contract.http) + asked.pop("path")
        body = asked.pop("body", None)
        answer = requests.request(
            asked.pop("method"), url, data=body.encode() if isinstance(body, str) else body, timeout=60, **asked
        )
        try:
            return Answer(answer.status_code, answer.json())
        except ValueError:
            return Answer(answer.status_code, answer.text)

    def check(self, case: Case, answer: Answer) -> None:
        """Compare an answer with what its case says."""
        if case.error:
            found = {"code": answer.code, "status": answer.status, "message": answer.message}
            wrong = [
                f"{name}: expected {value!r}, found {found[name]!r}"
                for name, value in case.error.items()
                if not matches(value, found[name])
            ]
        else:
            wrong = [f"no error expected, found {answer.code}: {answer.message}"] if answer.code else []
            wrong += self.outside_shape(case, answer) if self.contract.service and not answer.code else []
        if case.status is not None and answer.status != case.status:
            wrong.append(f"status: expected {case.status}, found {answer.status}")
        wrong += [] if answer.code else differences({**case.until, **case.expect}, answer.body)
        if wrong:
            raise ContractBrokenError(self.report(case, answer, wrong))

    def outside_shape(self, case: Case, answer: Answer) -> list[str]:
        """Where the answer is not of botocore's output shape."""
        client = self.target.client(self.contract.service)
        operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[case.call])
        if operation.output_shape is None:
            return [f"an empty answer expected, found {answer.body}"] if answer.body else []
        return violations(operation.output_shape, answer.body)

    def report(self, case: Case, answer: Answer, wrong: list[str]) -> str:
        """The message of a broken contract."""
        sent = f"{case.call}({case.with_})" if case.call else f"{case.request}"
        lines = [f"{self.contract.name}: {case.name}", f"source: {case.source}", f"sent: {sent}", *wrong]
        return "\n  ".join([*lines, f"answer: {answer.status} {answer.body!r:.2000}"])
