"""The sink's side of S3: look for an object, write one once."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.servers.msk_connect.errors import (
    ConfigurationError,
    ForeignObjectError,
    ObjectExistsError,
    StoreUnavailableError,
)
from sandbox.servers.msk_connect.naming import LAST_OFFSET, TOPIC_ID

_NOT_FOUND = 404
_PRECONDITION_FAILED = 412
_CONNECT_SECONDS = 3
_READ_SECONDS = 20


def s3_client(region: str, endpoint: str | None) -> Any:
    """Make a client with the credentials of the AWS environment or profile; calls are not repeated by the client.

    Raises:
        StoreUnavailableError: the AWS environment names a profile or a value that botocore cannot use.
    """
    # Path-style names work on Amazon and on servers without a host name for each bucket.
    settings = Config(
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": 1},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )
    try:
        return boto3.session.Session().client("s3", region_name=region, endpoint_url=endpoint, config=settings)
    except (BotoCoreError, ValueError) as error:
        raise StoreUnavailableError(f"No S3 client can be made: {error}") from error


class ObjectStore:
    """One bucket. Every method makes one attempt and raises StoreUnavailableError when a later one may succeed."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def check_bucket(self) -> None:
        """Make sure that the bucket is there: some servers would make a misspelt one at the first write.

        Raises:
            ConfigurationError: the bucket does not exist.
        """
        try:
            self._client.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if _status(error) == _NOT_FOUND:
                raise ConfigurationError(
                    [f"s3.bucket.name: there is no bucket {self.bucket}. Create it first"]
                ) from error
            raise _unavailable(f"look for bucket {self.bucket}", error) from error
        except BotoCoreError as error:
            raise _unavailable(f"look for bucket {self.bucket}", error) from error

    def last_offset(self, key: str, topic_id: str) -> int | None:
        """Give the last offset that the object of this name holds, None when there is no such object.

        Raises:
            ForeignObjectError: the object does not come from the topic with this id.
        """
        try:
            metadata = self._client.head_object(Bucket=self.bucket, Key=key)["Metadata"]
        except ClientError as error:
            if _status(error) == _NOT_FOUND:
                return None
            raise _unavailable(f"look for s3://{self.bucket}/{key}", error) from error
        except BotoCoreError as error:
            raise _unavailable(f"look for s3://{self.bucket}/{key}", error) from error
        if metadata.get(TOPIC_ID) != topic_id or LAST_OFFSET not in metadata:
            raise ForeignObjectError(
                f"s3://{self.bucket}/{key} was not written from the topic as it is now (its id is {topic_id}, the "
                f"object has {metadata.get(TOPIC_ID, 'none')}): the topic was deleted and made again, or another "
                "program wrote the object. Move or delete the old objects of this partition; the sink goes on by itself"
            )
        return int(metadata[LAST_OFFSET])

    def write(self, key: str, body: bytes, metadata: dict[str, str]) -> None:
        """Write an object that is not there yet.

        Raises:
            ObjectExistsError: an object of this name is there, perhaps from this very call whose answer was lost.
        """
        try:
            self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                Metadata=metadata,
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if _status(error) == _PRECONDITION_FAILED:
                raise ObjectExistsError(f"s3://{self.bucket}/{key} is there already") from error
            raise _unavailable(f"write s3://{self.bucket}/{key}", error) from error
        except BotoCoreError as error:
            raise _unavailable(f"write s3://{self.bucket}/{key}", error) from error


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _unavailable(attempt: str, error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"S3 did not {attempt}: {error}")
