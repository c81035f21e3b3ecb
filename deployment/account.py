"""The AWS account that a command works on, as boto3 finds it: by the profile, keys and region of the environment."""

import os
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    ProfileNotFound,
)

from deployment.errors import AccountError

SANDBOX = "sandbox"
LOG_IN = "Log in (aws sso login), or name your profile: export AWS_PROFILE=yours"


class Account:
    """A signed-in account: a client for each service, made once."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.client = cache(session.client)
        self.id = str(self.client("sts").get_caller_identity()["Account"])

    @property
    def region(self) -> str:
        """The region that everything is made in."""
        return str(self._session.region_name)

    def bucket(self, name: str) -> Any:
        """A bucket, as boto3's resource."""
        return self._session.resource("s3").Bucket(name)


def open_account() -> Account:
    """The account that boto3 is led to.

    Raises:
        AccountError: it is led to none, or to the sandbox.
    """
    try:
        # The AWS CLI knows this variable; boto3 knows AWS_DEFAULT_REGION only.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
        _refuse_sandbox(session.profile_name)
        _require_region(session.region_name)
        return Account(session)
    except ProfileNotFound as error:
        raise AccountError(f"{error}.", "Name one of `aws configure list-profiles`: export AWS_PROFILE=...") from error
    except EndpointConnectionError as error:
        raise AccountError(f"AWS does not answer: {error}.", "Check the network, and try again.") from error
    except (BotoCoreError, ClientError) as error:
        raise AccountError(f"AWS does not know who you are: {error}.", LOG_IN) from error


def _require_region(region: str | None) -> None:
    """Everything is made in one region, and nothing tells which."""
    if region is None:
        raise AccountError("No AWS region is known.", "Name it: export AWS_REGION=us-east-1")


def _refuse_sandbox(profile: str) -> None:
    """The sandbox has no CloudFormation; whoever leads its profile to one, by an endpoint, means it."""
    led = os.environ.get("AWS_ENDPOINT_URL_CLOUDFORMATION") or os.environ.get("AWS_ENDPOINT_URL")
    if profile == SANDBOX and not led:
        raise AccountError(
            "The AWS profile is the sandbox's, and the sandbox has no CloudFormation: what it runs needs no stack.",
            "Name the profile of your account: unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_ENDPOINT_URL;"
            " export AWS_PROFILE=yours",
        )
