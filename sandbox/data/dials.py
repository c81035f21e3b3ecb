"""The dials that make the data worse, all off at first."""

import json
from dataclasses import asdict, dataclass, fields

from sandbox.data.errors import InvalidDialsError


@dataclass(frozen=True)
class Dials:
    """What is wrong with the data, on purpose.

    Attributes:
        decimals: some follower counts have a decimal, such as `1.2M`; this one changes the tables.
        duplicates: share of rows that the feed repeats later, half of them with changed values.
        late: share of rows that the feed holds later than their neighbours.
        drift: part way in the feed a column is added, renamed, retyped, in each table.
        poison: payloads that nobody can use, as a share of the rows, on top of them.

    Raises:
        InvalidDialsError: a share is not a number from 0 to 1, or a switch is not True or False.
    """

    decimals: bool = False
    duplicates: float = 0.0
    late: float = 0.0
    drift: bool = False
    poison: float = 0.0

    def __post_init__(self) -> None:
        for name in ("decimals", "drift"):
            if not isinstance(getattr(self, name), bool):
                raise wrong(name, getattr(self, name), "True or False")
        for name in ("duplicates", "late", "poison"):
            share = getattr(self, name)
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
                raise wrong(name, share, "a share from 0 to 1")
            object.__setattr__(self, name, float(share))

    @property
    def feeds(self) -> bool:
        """Whether a feed is needed: keyed tables cannot hold repeats, disorder or unreadable payloads."""
        return self.drift or max(self.duplicates, self.late, self.poison) > 0

    def to_json(self) -> str:
        """Write the dials as a JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Dials":
        """Read what `to_json` wrote; InvalidDialsError for anything else."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError:
            values = None
        if not isinstance(values, dict) or not set(values) <= {field.name for field in fields(cls)}:
            raise InvalidDialsError(f"{text!r} are no dials.", "Fill the database anew: sandbox data")
        return cls(**values)


def wrong(name: str, value: object, wanted: str) -> InvalidDialsError:
    """Describe a dial that means nothing."""
    return InvalidDialsError(f"{name}={value!r} is not {wanted}.", f"See: sandbox data --help (option --{name}).")
