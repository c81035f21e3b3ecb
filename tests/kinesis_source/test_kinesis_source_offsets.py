"""Offsets, as they stand in a checkpoint."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark_kinesis.errors import CheckpointMismatchError
from pyspark_kinesis.offsets import StreamOffset, from_json, to_json
from pyspark_kinesis.options import TRIM_HORIZON

NAMES = st.text("ab-0", max_size=4)
MOMENTS = st.integers(0, 4_000_000_000_000)
STREAMS = st.builds(StreamOffset, MOMENTS, MOMENTS, st.dictionaries(NAMES, NAMES), st.booleans()) | st.builds(
    StreamOffset, MOMENTS, st.just(TRIM_HORIZON), st.dictionaries(NAMES, NAMES)
)


@given(st.dictionaries(NAMES, STREAMS))
def test_an_offset_written_is_the_offset_read(offset: dict[str, StreamOffset]) -> None:
    text = json.dumps(to_json(offset))
    assert from_json(json.loads(text)) == offset
    assert json.dumps(to_json(from_json(json.loads(text)))) == text


def test_the_layout_in_the_checkpoint_stays() -> None:
    offset = {"clicks": StreamOffset(1_700_000_000_000, TRIM_HORIZON, {"shardId-1": "END", "shardId-0": "4964"})}
    assert json.dumps(to_json(offset)) == (
        '{"clicks": {"created": 1700000000000, "from": "TRIM_HORIZON", '
        '"shards": {"shardId-0": "4964", "shardId-1": "END"}}}'
    )


@pytest.mark.parametrize(
    "told", [{"index": 5}, {"a": {"created": 1}}, {"a": {"created": 1, "from": "x", "shards": {}}}]
)
def test_what_is_no_offset_is_told(told: dict[str, Any]) -> None:
    with pytest.raises(CheckpointMismatchError, match="new checkpointLocation"):
        from_json(told)
