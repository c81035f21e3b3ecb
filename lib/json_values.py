"""Exact values from JSON text: what a line of an S3 object holds, or NULL where it does not hold it exactly.

A value counts as readable if it is a JSON scalar whose text is an exact value of the column's type, so that `34` and
`"34"` are the same age, while `34.5`, `true`, `{"years": 34}` and a missing or renamed column are all NULL.
`fault` says afterwards which of these it was. Every function takes and returns Spark columns and runs no job.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, IntegerType, StructType, TimestampType

# Spark's reader forgives single quotes and a bare NaN; JSON knows neither.
_STRICT = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}
BLANKS = " \t\n\x0b\f\r"
"""What may stand around a value and does not count; trimming them is far cheaper than a regular expression."""

_WHOLE = r"^\s*([+-]?[0-9]+)\.0*\s*$"
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_ISO_8601 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:?[0-9]{2})?$"
_ZONE = r"(Z|[+-][0-9]{2}:?[0-9]{2})$"
_SHOWN = 80


def texts(line: Column, schema: StructType) -> Column:
    """The fields of the one JSON object that `line` holds, as array<struct of text> of length 1; any other line gives
    NULL or another length.

    The line is read as the only element of an array: by itself Spark's reader would stop after the first object and
    drop whatever follows it on the line.
    """
    fields = ", ".join(f"`{field.name}` STRING" for field in schema.fields)
    wrapped = F.concat(F.lit("["), line, F.lit("]"))
    brace = F.lit("}")
    ends_object = F.endswith(line, brace) | F.endswith(F.rtrim(line, F.lit(BLANKS)), brace)
    return F.when(ends_object, F.from_json(wrapped, f"array<struct<{fields}>>", _STRICT))


def typed(text: Column, kind: DataType, column: str, line: Column) -> Column:
    """`text`, the value of `column` on `line`, as `kind`; NULL if it is not exactly one."""
    if isinstance(kind, IntegerType):
        return F.coalesce(text.try_cast("int"), F.regexp_extract(text, _WHOLE, 1).try_cast("int"))
    if isinstance(kind, DoubleType):
        number = text.try_cast("double")
        return F.when(text.rlike(_NUMBER) & (F.abs(number) < F.lit(float("inf"))), number)
    if isinstance(kind, TimestampType):
        zoned = F.when(text.rlike(_ZONE), text).otherwise(F.concat(text, F.lit("Z")))
        return F.when(text.rlike(_ISO_8601), zoned.try_cast("timestamp"))
    looks_nested = text.startswith("{") | text.startswith("[")
    return F.when(~looks_nested | _is_text(column, F.when(looks_nested, line)), text)


def _is_text(column: str, line: Column) -> Column:
    """Whether `column` of `line` is a JSON string: a nested object, as text, looks like a string that holds one.

    `line` is NULL where nobody asks: an expression that several columns share is evaluated for every row.
    """
    value = F.try_variant_get(F.try_parse_json(line), f"$.{column}", "variant")
    return F.coalesce(F.schema_of_variant(value) == "STRING", F.lit(False))


def fault(line: Column, column: str, kind: DataType) -> Column:
    """Why `typed` gave NULL for `column` of `line`: missing, null, or not of its type (with the text, shortened)."""
    fields = F.from_json(line, "map<string,string>", _STRICT)
    text = F.try_element_at(fields, F.lit(column))
    unlike = F.concat(F.lit(f"{column}: no exact {kind.simpleString()}: "), F.substring(text, 1, _SHOWN))
    return (
        F.when(~F.map_contains_key(fields, F.lit(column)), F.lit(f"{column}: missing"))
        .when(text.isNull(), F.lit(f"{column}: null"))
        .otherwise(unlike)
    )
