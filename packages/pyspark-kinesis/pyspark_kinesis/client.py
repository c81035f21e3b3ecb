"""The boto3 client."""

from __future__ import annotations

import functools
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, NoRegionError, ProfileNotFound

from pyspark_kinesis.errors import CredentialsMissingError, InvalidOptionError
from pyspark_kinesis.options import Keys, Options, Role

CONNECTIONS = 8


def make_client(options: Options) -> Any:
    """A client that gives times as numbers (seconds since 1970) and tries nothing again: `Retries` does.

    Raises:
        InvalidOptionError: there is no region, or the endpoint is no address.
        CredentialsMissingError: the AWS profile that the environment names does not exist.
    """
    try:
        return _client(options)
    except NoRegionError as error:
        raise InvalidOptionError("No AWS region is known: give the option region, or set AWS_REGION.") from error
    except ProfileNotFound as error:
        raise CredentialsMissingError(f"{error}. Set AWS_PROFILE to one that exists.") from error
    except (BotoCoreError, ValueError) as error:
        raise InvalidOptionError(f"No client for Kinesis can be made: {error}. Check endpoint and region.") from error


def _client(options: Options) -> Any:
    session = botocore.session.Session()
    # A datetime for each record costs more than the rest of the parsing.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=float)
    if options.role:
        session.register_component("credential_provider", CredentialResolver([_AssumedRole(options)]))
    return boto3.session.Session(botocore_session=session).client(
        "kinesis",
        region_name=options.region,
        endpoint_url=options.endpoint,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=CONNECTIONS,
            tcp_keepalive=True,
        ),
        **({} if options.role else _key_arguments(options.keys)),
    )


def _key_arguments(keys: Keys | None) -> dict[str, str | None]:
    if keys is None:
        return {}
    return {
        "aws_access_key_id": keys.access_key,
        "aws_secret_access_key": keys.secret_key,
        "aws_session_token": keys.session_token,
    }


class _AssumedRole(CredentialProvider):
    """Credentials of a role, taken on again before they run out."""

    METHOD = "assume-role"

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options

    def load(self) -> Any:
        """The role's credentials; STS is asked when they are first used."""
        role = self._options.role
        assert role is not None
        session = botocore.session.Session()
        if keys := self._options.keys:
            session.set_credentials(keys.access_key, keys.secret_key, keys.session_token)
        if (source := session.get_credentials()) is None:
            raise CredentialsMissingError("No AWS credentials to take on roleArn with: give awsAccessKey too.")
        create = functools.partial(
            session.create_client, region_name=self._options.region, endpoint_url=role.sts_endpoint
        )
        fetcher = AssumeRoleCredentialFetcher(create, source, role.arn, _role_arguments(role))
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)


def _role_arguments(role: Role) -> dict[str, str]:
    arguments = {"RoleSessionName": role.session_name}
    return {**arguments, "ExternalId": role.external_id} if role.external_id else arguments
