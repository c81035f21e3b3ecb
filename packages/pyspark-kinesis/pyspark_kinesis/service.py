"""What is asked of Kinesis about one stream, with its answers' failures as this source's errors."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError, TokenRetrievalError

from pyspark_kinesis.errors import (
    CredentialsMissingError,
    RequestRefusedError,
    StreamMissingError,
    StreamRecreatedError,
)
from pyspark_kinesis.lineage import Shard
from pyspark_kinesis.moments import milliseconds, text_of
from pyspark_kinesis.options import StreamId
from pyspark_kinesis.retries import Retries

_MISSING, _EXPIRED = "ResourceNotFoundException", "ExpiredIteratorException"


class IteratorExpiredError(Exception):
    """An iterator is older than five minutes; a new one is to be asked for."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A stream as DescribeStreamSummary tells it.

    Attributes:
        created: when it was made, in milliseconds since 1970.
        asked_at: the second of the service's clock when it answered, in milliseconds since 1970; None where it did
            not tell.
    """

    created: int
    asked_at: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one GetRecords.

    Attributes:
        records: as boto3 gives them; times are seconds since 1970.
        iterator: where to go on; None at the end of a closed shard.
        behind: milliseconds behind the tip.
    """

    records: list[dict[str, Any]]
    iterator: str | None
    behind: int


class StreamService:
    """One stream of Kinesis. Safe to be used by several threads, as the client is.

    Every method raises `KinesisUnavailableError`, `CredentialsMissingError`, `StreamMissingError` or
    `RequestRefusedError`, and says more where it raises more.
    """

    def __init__(self, client: Any, stream: StreamId, retries: Retries) -> None:
        self.stream = stream
        self._client = client
        self._retries = retries

    def summary(self) -> Summary:
        """When the stream was made, and what time it is."""
        answer = self._ask("describe_stream_summary", **self.stream.arguments)
        told = answer["StreamDescriptionSummary"]
        if told["StreamStatus"] == "DELETING":
            raise self._missing("is being deleted")
        return Summary(round(told["StreamCreationTimestamp"] * 1000), _date(answer))

    def require_created(self, created: int) -> None:
        """Raise `StreamRecreatedError` if the stream is not the one that was made at `created`."""
        found = self.summary().created
        if found != created:
            raise StreamRecreatedError(
                f"The stream {self.stream.name} was made at {text_of(found)}, but the checkpoint is of one of the same "
                f"name that was made at {text_of(created)} and is deleted. Give the query a new checkpointLocation: "
                "it then begins at its initialPosition."
            )

    def shards(self) -> dict[str, Shard]:
        """Every shard that is listed, open or closed, by id."""
        answer = self._ask("list_shards", **self.stream.arguments)
        listed = answer["Shards"]
        while token := answer.get("NextToken"):
            answer = self._ask("list_shards", NextToken=token)
            listed = listed + answer["Shards"]
        return {shard["ShardId"]: _shard(shard) for shard in listed}

    def iterator(self, shard_id: str, **kind: Any) -> str:
        """An iterator; `kind` is its ShardIteratorType, and what belongs to it."""
        answer = self._ask("get_shard_iterator", **self.stream.arguments, ShardId=shard_id, **kind)
        return str(answer["ShardIterator"])

    def records(self, iterator: str, limit: int) -> Answer:
        """At most `limit` records. Raises `IteratorExpiredError` too."""
        named = {"StreamARN": self.stream.arn} if self.stream.arn else {}
        answer = self._ask("get_records", ShardIterator=iterator, Limit=limit, **named)
        return Answer(answer["Records"], answer.get("NextShardIterator"), int(answer.get("MillisBehindLatest") or 0))

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._retries.call(
                getattr(self._client, operation), f"{operation} of the stream {self.stream.name}", **arguments
            )
        except ClientError as error:
            raise self._told(operation, error) from error
        except (NoCredentialsError, PartialCredentialsError, TokenRetrievalError) as error:
            raise CredentialsMissingError(
                f"No usable AWS credentials: {error}. Set AWS_PROFILE for the Spark server, or give awsAccessKey and "
                "awsSecretKey."
            ) from error
        return answer

    def _told(self, operation: str, error: ClientError) -> Exception:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code == _EXPIRED:
            return IteratorExpiredError(message)
        if code == _MISSING:
            return self._missing("does not exist", message)
        return RequestRefusedError(
            f"Kinesis refuses {operation} of the stream {self.stream.name}: {code}: {message} "
            "Check the rights (ListShards, DescribeStreamSummary, GetShardIterator, GetRecords), keys and region.",
            code,
        )

    def _missing(self, fact: str, message: str = "") -> StreamMissingError:
        region = self._client.meta.region_name
        return StreamMissingError(
            f"The stream {self.stream.name} {fact} in {region}. {message}".rstrip()
            + " Check streamName and region, or make the stream first."
        )


def _shard(told: dict[str, Any]) -> Shard:
    parents = (told.get("ParentShardId"), told.get("AdjacentParentShardId"))
    return Shard(told["ShardId"], tuple(parent for parent in parents if parent))


def _date(answer: dict[str, Any]) -> int | None:
    text = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return milliseconds(parsedate_to_datetime(text)) if text else None
