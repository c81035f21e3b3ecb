"""What can go wrong between a topic and its objects."""


class MskConnectError(Exception):
    """Base class of every error of this package."""


class DefinitionError(MskConnectError):
    """A connector's definition file cannot be read as ``{"name": ..., "config": {...}}``."""


class ConfigurationError(MskConnectError):
    """A connector's configuration is not one that this sink can follow.

    Attributes:
        problems: one sentence for each fault: the key, its value and what is allowed.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class NotJsonError(MskConnectError):
    """A record's value is not one JSON document in UTF-8."""


class TaskFailedError(MskConnectError):
    """A task cannot go on until someone changes something; its message tells what."""


class OffsetsWentBackError(MskConnectError):
    """Kafka gives records before the committed offset: the topic was made anew, or its log lost records."""


class TopicRemadeError(MskConnectError):
    """The topic was deleted and made again while its records were read: nobody can tell which life they are of."""


class StoppedError(MskConnectError):
    """The worker was told to stop while a call was being repeated."""


class WorkerLockedError(MskConnectError):
    """Another worker already runs the connectors of this folder."""


class StoreUnavailableError(MskConnectError):
    """S3 did not do what was asked; the same call may succeed later."""


class ObjectExistsError(MskConnectError):
    """An object of this name is there already, and objects never change once written."""


class ForeignObjectError(MskConnectError):
    """The object of this name was not written from this topic: it must be moved before the sink can go on."""
