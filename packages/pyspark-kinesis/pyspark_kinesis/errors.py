"""The exceptions of this source: one base class, one type a fact.

    KinesisSourceError
    ├── InvalidOptionError         an option is unknown, missing or unreadable
    ├── CheckpointMismatchError    the checkpoint was written for other streams, or by something else
    ├── CredentialsMissingError    no AWS credentials are found
    ├── StreamMissingError         there is no such stream
    ├── StreamRecreatedError       the stream was deleted and made anew since the checkpoint was written
    ├── RecordsTrimmedError        records that were not read yet may have left the stream
    ├── KinesisUnavailableError    Kinesis throttled, failed or was silent, at every one of the tries
    └── RequestRefusedError        Kinesis refuses a request as it stands

Every message names the fact and what mends it; none holds a key, a secret or a token.
"""

from __future__ import annotations


class KinesisSourceError(Exception):
    """Base class of every error this source raises on purpose."""


class InvalidOptionError(KinesisSourceError):
    """An option is unknown, missing, or has a value that cannot be read."""


class CheckpointMismatchError(KinesisSourceError):
    """The checkpoint's offset is not one of this source, or names other streams than the options."""


class CredentialsMissingError(KinesisSourceError):
    """Neither the options nor the environment, a profile or an instance role give AWS credentials."""


class StreamMissingError(KinesisSourceError):
    """There is no stream of this name in this account and region, or it is being deleted."""


class StreamRecreatedError(KinesisSourceError):
    """The stream has another creation time than the one the checkpoint was written for."""


class RecordsTrimmedError(KinesisSourceError):
    """The record after which reading goes on has left the stream, and unread ones may have gone with it."""


class KinesisUnavailableError(KinesisSourceError):
    """A failure that may pass did not pass within the tries allowed; `__cause__` is the last one."""


class RequestRefusedError(KinesisSourceError):
    """Kinesis refuses a request.

    Attributes:
        code: Kinesis' error code, e.g. `AccessDeniedException`.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[RequestRefusedError], tuple[str, str]]:
        return type(self), (str(self), self.code)
