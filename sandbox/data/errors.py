"""What goes wrong when data is made or stored; every error names the fact and what mends it."""

from sandbox.errors import SandboxError


class DataError(SandboxError):
    """Base class of the generator's errors."""


class InvalidRowsError(DataError):
    """The number of rows is not a whole number that the generator can make."""


class InvalidSeedError(DataError):
    """The seed is not a whole number of 63 bits."""


class InvalidDialsError(DataError):
    """A dial has a value that means nothing."""


class InvalidLayoutError(DataError):
    """A size of a chunk or an object is not a positive whole number, or the user id is not 12 hex digits."""


class DataBusyError(DataError):
    """Another process is refilling the same database at this moment."""


class DataLoadError(DataError):
    """The database refused a step of the refill; the old data is still in place."""
