"""The files of custom plugins: looked for in S3, never read, for the worker has its connector built in."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from sandbox.servers.aws.identifiers import REGION
from sandbox.servers.aws.rest_json import Params
from sandbox.servers.msk_connect.errors import StoreUnavailableError
from sandbox.servers.msk_connect.objects import s3_client

CODE = "InvalidInput.CustomPluginFileNotAccessible"


class PluginFileError(Exception):
    """There is no file that a plugin can be made of; the message names it."""


class S3AwayError(Exception):
    """S3 does not answer; the same question may be answered later."""


class PluginFiles:
    """Looks for plugin files.

    Args:
        endpoint: where S3 is; None for what the AWS environment says.
    """

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint

    def describe(self, location: Params) -> dict[str, Any]:
        """Amazon's CustomPluginFileDescription of an S3 location. Raises `PluginFileError`, `S3AwayError`."""
        place = {"Bucket": location["bucketArn"].rpartition(":")[2], "Key": location["fileKey"]}
        version = {"VersionId": location["objectVersion"]} if "objectVersion" in location else {}
        where = f"s3://{place['Bucket']}/{place['Key']}"
        try:
            head = s3_client(REGION, self._endpoint).head_object(**place, **version)
        except (ClientError, ParamValidationError) as error:
            if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise S3AwayError(f"S3 does not tell of {where}: {error}") from error
            raise PluginFileError(f"The custom plugin file {where} cannot be accessed: {error}") from error
        except (BotoCoreError, StoreUnavailableError) as error:
            raise S3AwayError(f"S3 does not tell of {where}: {error}") from error
        return {"fileMd5": head["ETag"].strip('"'), "fileSize": head["ContentLength"]}
