"""A measured figure and the bar it stands beside."""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """On which side of its limit a figure is meant to lie."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True)
class Bar:
    """What a figure is meant to reach; nothing fails where it does not."""

    side: Side
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value lies on the right side."""
        return value <= self.limit if self.side is Side.AT_MOST else value >= self.limit


@dataclass(frozen=True)
class Figure:
    """One figure of a subject.

    Attributes:
        name: what was measured.
        value: in `unit`.
        unit: `s`, `ms`, `MB` (10^6 bytes), `rows/s`, `records/s`, `requests/s`, or `x` for a ratio of two
            measurements of the same run.
        bar: None where nothing is asked for.
    """

    name: str
    value: float
    unit: str
    bar: Bar | None = None

    @property
    def of_bar(self) -> float | None:
        """The value as a share of its bar."""
        return self.value / self.bar.limit if self.bar else None

    @property
    def missed(self) -> bool:
        """Whether there is a bar and the value lies on its wrong side."""
        return self.bar is not None and not self.bar.holds(self.value)


def at_most(limit: float) -> Bar:
    """A bar from above."""
    return Bar(Side.AT_MOST, limit)


def at_least(limit: float) -> Bar:
    """A bar from below."""
    return Bar(Side.AT_LEAST, limit)
