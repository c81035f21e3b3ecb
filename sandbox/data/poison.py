"""Payloads that nobody can use."""

import json
from typing import Any

from sandbox.data.schema import Entity

NOT_JSON, NOT_OBJECT, NO_KEY = "not_json", "not_object", "no_key"
KINDS = (NOT_JSON, NOT_OBJECT, NO_KEY)
OBJECTLESS = ("[{row}]", '"{name} {row}"', "{row}")


def poisoned(entity: Entity, row: int, payload: str, number: int) -> str:
    """Spoil a good payload; the number picks one of the three kinds in turn, and within a kind the form."""
    kind, form = KINDS[number % len(KINDS)], number // len(KINDS)
    if kind == NOT_JSON:
        return payload[: len(payload) // 2]
    if kind == NOT_OBJECT:
        return OBJECTLESS[form % len(OBJECTLESS)].format(name=entity.name, row=row)
    return keyless(json.loads(payload), entity.key, left_out=form % 2 == 0)


def keyless(record: dict[str, Any], key: str, *, left_out: bool) -> str:
    """Leave the key out, or make it null."""
    rest = {name: value for name, value in record.items() if name != key}
    return json.dumps(rest if left_out else {key: None} | rest, ensure_ascii=False)
