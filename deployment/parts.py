"""The parts of the course on AWS: one stack each, in the order in which they build on each other."""

from dataclasses import dataclass
from pathlib import Path

from deployment.errors import UnknownPartError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "aws" / "cloudformation"


@dataclass(frozen=True)
class Part:
    """One stack, and the template it is made from."""

    name: str

    @property
    def template(self) -> Path:
        """The template's file."""
        return FOLDER / f"{self.name}.yaml"

    def stack(self, project: str) -> str:
        """The name of the part's stack."""
        return f"{project}-{self.name}"


PARTS = tuple(
    Part(name)
    for name in (
        "account",
        "network",
        "rds",
        "msk",
        "msk-connect",
        "api",
        "kinesis",
        "databricks",
        "mwaa",
        "observability",
    )
)


def chosen(name: str) -> list[Part]:
    """The part of this name, or every part, in order, for ``all``.

    Raises:
        UnknownPartError: there is no such part.
    """
    found = [part for part in PARTS if name in (part.name, "all")]
    if not found:
        known = ", ".join(part.name for part in PARTS)
        raise UnknownPartError(f"There is no part {name!r}.", f"The parts are: {known}, and all.")
    return found
