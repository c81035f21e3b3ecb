"""The errors of Kinesis, worded as the service words them."""

from __future__ import annotations

from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.identifiers import ACCOUNT_ID, REGION


class KinesisError(BadRequestError):
    """Base class of the service's own errors; every one of them is answered with status 400."""


class InvalidArgumentError(KinesisError):
    """A parameter is well-formed and makes no sense here."""

    code = "InvalidArgumentException"


class ResourceNotFoundError(KinesisError):
    """A stream or shard is not there."""

    code = "ResourceNotFoundException"


class ResourceInUseError(KinesisError):
    """A stream is there already, or is just being changed."""

    code = "ResourceInUseException"


class LimitExceededError(KinesisError):
    """A quota of the account or a limit of the operation."""

    code = "LimitExceededException"


class ThroughputExceededError(KinesisError):
    """A shard is written or read faster than a shard may be."""

    code = "ProvisionedThroughputExceededException"


class ExpiredIteratorError(KinesisError):
    """A shard iterator is older than five minutes."""

    code = "ExpiredIteratorException"


class ExpiredNextTokenError(KinesisError):
    """A token of a listing is older than five minutes."""

    code = "ExpiredNextTokenException"


def stream_not_found(name: str, account: str = ACCOUNT_ID) -> ResourceNotFoundError:
    """No stream of that name, or none that can be used yet or still."""
    return ResourceNotFoundError(f"Stream {name} under account {account} not found.")


def shard_not_found(shard_id: str, stream: str) -> ResourceNotFoundError:
    """No shard of that name, to an operation that changes or describes shards."""
    return ResourceNotFoundError(f"Could not find shard {shard_id} in stream {stream} under account {ACCOUNT_ID}.")


def shard_does_not_exist(shard_id: str, stream: str) -> ResourceNotFoundError:
    """No shard of that name, to an operation that reads."""
    return ResourceNotFoundError(f"Shard {shard_id} in stream {stream} under account {ACCOUNT_ID} does not exist")


def not_active(stream: str, status: str) -> ResourceInUseError:
    """A stream that is being made, changed or deleted."""
    return ResourceInUseError(f"Stream {stream} under account {ACCOUNT_ID} not ACTIVE, instead in state {status}")


def rate_exceeded(shard_id: str, stream: str) -> ThroughputExceededError:
    """A shard is written or read too fast."""
    return ThroughputExceededError(f"Rate exceeded for shard {shard_id} in stream {stream} under account {ACCOUNT_ID}.")


def too_many_shards(count: int, limit: int, additional: int) -> LimitExceededError:
    """The account's quota of shards."""
    return LimitExceededError(
        f"This request would exceed the shard limit for the account {ACCOUNT_ID} in {REGION}. Current shard count for "
        f"the account: {count}. Limit: {limit}. Number of additional shards that would have resulted from this "
        f"request: {additional}. Refer to the AWS Service Limits page "
        "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request "
        "higher limits."
    )
