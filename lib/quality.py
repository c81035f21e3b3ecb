"""The gate after cleaning: the rows of a table add up, and few enough of them were set aside."""

from __future__ import annotations

from dataclasses import dataclass

from lib.errors import CourseError


class QualityGateError(CourseError):
    """The rows do not add up, or too large a share of them is in quarantine; the tables are written all the same."""


@dataclass(frozen=True, slots=True)
class CleanedRows:
    """Where the rows of one entity are after cleaning.

    Attributes:
        entity: its name.
        raw: rows of the raw table.
        clean: rows of the clean table.
        duplicates: rows that repeat another one and are in neither table.
        conflicts: rows of `quarantine` that a later version of the same key replaced.
        invalid: rows of `quarantine` that hold a value the clean table cannot.
    """

    entity: str
    raw: int
    clean: int
    duplicates: int
    conflicts: int
    invalid: int


def require_sum(rows: CleanedRows, clean: int, quarantined: int) -> None:
    """Compare the numbers that were computed with what was found in the tables afterwards.

    Args:
        clean: rows that the clean table really has.
        quarantined: rows that `quarantine` really has of this entity's cleaning.

    Raises:
        QualityGateError: a row is missing or is there twice.
    """
    if rows.duplicates >= 0 and (clean, quarantined) == (rows.clean, rows.conflicts + rows.invalid):
        return
    raise QualityGateError(
        f"The rows of {rows.entity} do not add up: {rows.raw:,} raw rows should have become {rows.clean:,} clean rows, "
        f"{rows.duplicates:,} duplicates and {rows.conflicts + rows.invalid:,} rows in quarantine; the tables hold "
        f"{clean:,} and {quarantined:,}. Did another run write at the same time? Run clean_{rows.entity} again."
    )


def require_few_quarantined(rows: CleanedRows, unparsed: int, limit: float) -> None:
    """See that the rows set aside, by loading and by cleaning, are at most the share `limit` of those that landed.

    Args:
        unparsed: lines that loading has put into `quarantine`.
        limit: 0 allows none, 1 all.

    Raises:
        QualityGateError: there are more.
    """
    landed, quarantined = rows.raw + unparsed, unparsed + rows.conflicts + rows.invalid
    if quarantined <= limit * landed:
        return
    raise QualityGateError(
        f"{quarantined:,} of {landed:,} rows of {rows.entity} ({quarantined / landed:.2%}) are in quarantine, more "
        f"than max_quarantine_share={limit:g} allows: {unparsed:,} unreadable, {rows.invalid:,} invalid, "
        f"{rows.conflicts:,} replaced by a later version. The column reason of quarantine tells why. Mend the source, "
        "or raise the share if this is how it is."
    )
