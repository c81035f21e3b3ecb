"""CloudTrail's bucket is a bucket of the sandbox's S3, not of moto's."""

from __future__ import annotations

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudtrail.models import Trail

from sandbox.servers.aws.errors import ServiceError

_QUICK = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})


class BucketDoesNotExistError(ServiceError):
    """The trail's bucket is not there."""

    code = "S3BucketDoesNotExistException"
    status = 400


def refuse_unknown_bucket(name: str | None) -> None:
    """Look for a trail's bucket where the AWS profile's S3 is. Raises `BucketDoesNotExistError`."""
    if name is None:
        return
    try:
        boto3.client("s3", config=_QUICK).head_bucket(Bucket=name)
    except (ClientError, BotoCoreError) as error:
        raise BucketDoesNotExistError(f"S3 bucket {name} does not exist!") from error


def _bucket_was_checked(self: Trail) -> None:
    """Nothing: moto would look among its own buckets, of which there are none."""


Trail.check_bucket_exists = _bucket_was_checked  # type: ignore[method-assign]
