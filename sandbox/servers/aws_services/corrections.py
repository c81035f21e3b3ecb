"""Where moto's answer differs from what the services' references say, it is put right here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from sandbox.servers.aws.identifiers import ACCOUNT_ID
from sandbox.servers.aws_services.answers import Answer
from sandbox.servers.aws_services.calls import Call, Form

Members = dict[str, Any]


def corrected(call: Call, answer: Answer) -> Answer:
    """The answer as the reference has it."""
    if call.form is not Form.JSON:
        return answer
    if 400 < answer.status < 500:  # the JSON services answer each of a caller's errors with 400
        return replace(answer, status=400)
    add = _MISSING.get((call.service, call.operation))
    if add is None or answer.status != 200:
        return answer
    told: Members = orjson.loads(answer.body)
    return replace(answer, body=orjson.dumps({**told, **add(call, told)}))


def _algorithm(call: Call, _: Members) -> Members:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html#API_Encrypt_ResponseSyntax"""
    return {"EncryptionAlgorithm": call.parameters().get("EncryptionAlgorithm", "SYMMETRIC_DEFAULT")}


def _pending_deletion(call: Call, told: Members) -> Members:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""
    identifier = str(told["KeyId"]).rpartition("/")[2]
    return {
        "KeyId": f"arn:aws:kms:{call.region}:{ACCOUNT_ID}:key/{identifier}",
        "KeyState": "PendingDeletion",
        "PendingWindowInDays": call.parameters().get("PendingWindowInDays", 30),
    }


_MISSING: Mapping[tuple[str, str], Callable[[Call, Members], Members]] = {
    ("kms", "Encrypt"): _algorithm,
    ("kms", "Decrypt"): _algorithm,
    ("kms", "ScheduleKeyDeletion"): _pending_deletion,
}
