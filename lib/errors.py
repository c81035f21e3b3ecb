"""The exceptions of the course's library: one base class, one type a fact.

    CourseError
    ├── SettingsError                 a setting is missing or unreadable
    ├── SourceError                   the database
    │   ├── CredentialsError          ... has no usable credentials
    │   ├── DatabaseUnreachableError  ... does not answer
    │   ├── DatabaseRefusedError      ... refuses the user or the password
    │   ├── UnknownDatabaseError      ... has no such database
    │   ├── UnknownTableError         ... has no such table or column
    │   └── UnserialisableValueError  ... holds a value that JSON cannot hold
    ├── GatewayError                  the API in front of Kafka and Kinesis
    │   ├── WrongPathError            ... knows no such path
    │   ├── ApiKeyRefusedError        ... refuses the key
    │   ├── QuotaExceededError        ... has served this key's quota
    │   ├── UnknownTopicError         ... leads to a Kafka without this topic
    │   ├── UnknownStreamError        ... leads to a Kinesis without this stream
    │   ├── RequestRefusedError       ... refuses the request as it stands
    │   ├── UnexpectedAnswerError     ... answers something that is not the service's answer
    │   └── GaveUpError               ... failed until the time for retries was over
    ├── StateError                    the progress file cannot be used
    │   └── StateLockedError          ... is in use by another run
    └── DeadLetterError               the dead-letter file cannot be used, or grows without end

Every message names the fact and the command that mends it; none holds a password or a key.
Standard library only: the modules that run on Databricks derive their own exceptions from `CourseError`.
"""

from __future__ import annotations


class CourseError(Exception):
    """Base class of every error this library raises on purpose."""


class SettingsError(CourseError):
    """A setting that the command needs is missing, or has a value that cannot be read."""


class SourceError(CourseError):
    """The source database cannot be read."""


class CredentialsError(SourceError):
    """The credentials file is missing or unreadable, or lacks one of the keys HOST, USER, PASSWORD, DATABASE, PORT."""


class DatabaseUnreachableError(SourceError):
    """Nothing answers at the database's address, or the connection broke; a later try may succeed."""


class DatabaseRefusedError(SourceError):
    """The database server refuses this user, password or right."""


class UnknownDatabaseError(SourceError):
    """The database server runs, but has no database of this name."""


class UnknownTableError(SourceError):
    """The database lacks a table, a column or the primary key that the course's tables have."""


class UnserialisableValueError(SourceError):
    """A value of the database has no faithful form in JSON.

    Attributes:
        table: the table of the value.
        column: its column.
        key: the value of the row's key column.
        type_name: the Python type of the value, or what is wrong with a number.
    """

    def __init__(self, table: str, column: str, key: object, type_name: str) -> None:
        super().__init__(
            f"{table}.{column} of the row with key {key!r} holds a value that JSON cannot hold ({type_name}). "
            f"Change the row, or the column's type, in the database; then send it again with `--replay FILE`."
        )
        self.table, self.column, self.key, self.type_name = table, column, key, type_name


class GatewayError(CourseError):
    """The gateway did not take a request.

    Attributes:
        url: where the request went; it holds no key.
        status: the HTTP status, None if there was no answer.
        excerpt: the first characters of the answer's body, without the key.
    """

    def __init__(self, message: str, *, url: str, status: int | None = None, excerpt: str = "") -> None:
        answered = f" The answer was {status}" + (f": {excerpt}" if excerpt else "") if status else ""
        super().__init__(f"{message}{answered}")
        self.url, self.status, self.excerpt = url, status, excerpt


class WrongPathError(GatewayError):
    """The gateway has no such stage, path or method (AWS: 403 `Missing Authentication Token`)."""


class ApiKeyRefusedError(GatewayError):
    """The API key is missing, wrong, or not in a usage plan of this stage (AWS: 403 `Forbidden`)."""


class QuotaExceededError(GatewayError):
    """The usage plan's quota for this key is used up (AWS: 429 `Limit Exceeded`); waiting seconds does not help."""


class UnknownTopicError(GatewayError):
    """Kafka has no such topic (REST proxy: 404 with error code 40401)."""


class UnknownStreamError(GatewayError):
    """Kinesis has no such stream, or it is not active yet (Kinesis: ResourceNotFoundException)."""


class RequestRefusedError(GatewayError):
    """The request itself is refused: content type (415), form (400, 422), a redirect, another missing right."""


class UnexpectedAnswerError(GatewayError):
    """The status says success, but the body is not what the REST proxy or Kinesis answers."""


class GaveUpError(GatewayError):
    """Retriable failures lasted longer than the time allowed for retries; `__cause__` is the last of them."""


class StateError(CourseError):
    """A progress file is damaged or belongs to something else."""


class StateLockedError(StateError):
    """Another run is posting the same entity to the same topic or stream right now."""


class DeadLetterError(CourseError):
    """A dead-letter file is missing, damaged, or about to hold more records than a fault of single records explains."""
