"""What keeps a benchmark from giving a figure."""


class BenchmarkError(Exception):
    """A benchmark could not be run; base class of the package's errors."""


class CommandFailedError(BenchmarkError):
    """A command that was to be timed failed; the message ends with its last lines."""


class RecordsLostError(BenchmarkError):
    """A way of posting left fewer records in Kafka than it was given, or more."""


class UnexpectedAnswerError(BenchmarkError):
    """A server refused a request or a record of it, or hung up."""


class AlreadyRunningError(BenchmarkError):
    """Another `make bench` uses the benchmarks' sandbox."""
