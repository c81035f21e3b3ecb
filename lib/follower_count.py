"""Follower counts as people write them: `985k`, `15M`, `1.2M`, `940`."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lib.json_values import BLANKS

# A fraction needs a suffix: 1.5 followers are no whole number, and what 12.0 was meant to be nobody knows.
_FORM = r"^[0-9]+((\.[0-9]+)?[kKmMbB])?$"
_ZEROS = {"k": 3, "m": 6, "b": 9}


def whole_followers(text: Column) -> Column:
    """The count that `text` stands for, as bigint; NULL if it is none, not a whole number or beyond 64 bits.

    Moves the point in the text itself (`1.2M` is `1`, `2` and five zeros): exact at every size, where floating point
    is not.
    """
    shown = F.trim(text, F.lit(BLANKS))
    number = F.rtrim(F.lower(shown), F.lit("".join(_ZEROS)))
    fraction = F.when(F.contains(number, F.lit(".")), F.substring_index(number, ".", -1)).otherwise("")
    digits, zeros = F.rtrim(fraction, F.lit("0")), _zeros(F.lower(F.right(shown, F.lit(1))))
    moved = F.concat(F.substring_index(number, ".", 1), F.rpad(digits, zeros, "0"))
    return F.when(shown.rlike(_FORM) & (F.length(digits) <= zeros), moved.try_cast("bigint"))


def _zeros(suffix: Column) -> Column:
    zeros = F.lit(0)
    for letter, count in _ZEROS.items():
        zeros = F.when(suffix == letter, count).otherwise(zeros)
    return zeros
