"""Rows as text, a column at a time: JSON as it travels on the topics, and values of an INSERT statement."""

import pyarrow as pa
import pyarrow.compute as pc

from sandbox.data.schema import Entity


def json_objects(entity: Entity, table: pa.Table, ending: str = "") -> pa.Array:
    """Write each row as a flat JSON object with the database's column names, followed by `ending`.

    Timestamps are `YYYY-MM-DDTHH:MM:SSZ`. The generator's texts hold nothing that JSON must escape (`stock.py`).
    """
    pieces: list[pa.Array | str] = ["{"]
    for number, field in enumerate(entity.arrow):
        quote = "" if is_number(field.type) else '"'
        comma = "," if number else ""
        pieces += [f'{comma}"{field.name}":{quote}', json_value(table[field.name].combine_chunks()), quote]
    return joined([*pieces, "}" + ending])


def json_value(column: pa.Array) -> pa.Array:
    """Write the values of a column, without quotation marks."""
    if pa.types.is_timestamp(column.type):
        return pc.binary_join_element_wise(pc.utf8_replace_slice(column.cast(pa.string()), 10, 11, "T"), "Z", "")
    if pa.types.is_floating(column.type):
        return decimal(column)
    return column.cast(pa.string())


def decimal(column: pa.Array) -> pa.Array:
    """Write floats with as few digits as read back alike; a whole one keeps its `.0`, so that it stays a float."""
    text = column.cast(pa.string())
    return pc.if_else(pc.match_substring_regex(text, "[.e]"), text, pc.binary_join_element_wise(text, ".0", ""))


def sql_values(table: pa.Table, ending: str) -> pa.Array:
    """Write each row as `(1,'text',...)` for an INSERT statement, followed by `ending`."""
    pieces: list[pa.Array | str] = ["("]
    for number, field in enumerate(table.schema):
        quote = "" if is_number(field.type) else "'"
        comma = "," if number else ""
        pieces += [comma + quote, sql_value(table[field.name].combine_chunks()), quote]
    return joined([*pieces, ")" + ending])


def sql_value(column: pa.Array) -> pa.Array:
    """Write the values of a column as SQL literals hold them: quotation marks doubled, backslashes, too."""
    if pa.types.is_string(column.type):
        return pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), "'", "''")
    return column.cast(pa.string())


def is_number(kind: pa.DataType) -> bool:
    """Tell whether values are written without quotation marks."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def joined(pieces: list[pa.Array | str]) -> pa.Array:
    """Join columns and fixed texts row by row; neighbouring fixed texts are joined first."""
    merged: list[pa.Array | str] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return pc.binary_join_element_wise(*merged, "")


def text_bytes(texts: pa.Array, start: int, stop: int) -> memoryview:
    """Give the bytes of neighbouring texts from start up to stop, as they lie in memory one after another."""
    part = texts.slice(start, stop - start)
    offsets = memoryview(part.buffers()[1]).cast("i")
    first, last = offsets[part.offset], offsets[part.offset + len(part)]
    return memoryview(part.buffers()[2])[first:last]
