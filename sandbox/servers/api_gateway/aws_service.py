"""Where a service of AWS is and who signs for it, as a boto3 client of this process finds both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.session import Session
from multidict import CIMultiDict

from sandbox.servers.aws.errors import AwsError


class NoServiceError(AwsError):
    """The AWS profile of the process names no endpoint, region or keys; `sandbox up` writes one."""


@dataclass(frozen=True)
class AwsService:
    """A service's endpoint and the signer of its requests."""

    url: str
    target_prefix: str
    signer: SigV4Auth

    def sign(self, headers: CIMultiDict[str], body: bytes) -> None:
        """Add what signature version 4 adds to a POST with these headers and body."""
        signed = {name: headers[name] for name in ("Content-Type", "X-Amz-Target")}
        request = AWSRequest(method="POST", url=self.url, headers=signed, data=body)
        self.signer.add_auth(request)
        headers.update(dict(request.headers.items()))


@lru_cache(maxsize=16)
def find_service(name: str, region: str) -> AwsService | NoServiceError:
    """A service (botocore's name of it) in a region by the AWS profile of the process, or why there is none."""
    profile = Session().get_config_variable("profile")
    if profile is None:
        return NoServiceError("AWS_PROFILE names no profile; the gateway's environment must lead to the sandbox's")
    session = Session(profile=profile)  # named, so that keys in the environment do not beat the profile's
    try:
        client = session.create_client(name, region_name=region)
        credentials = session.get_credentials()
    except (BotoCoreError, ValueError) as error:
        return NoServiceError(f"no endpoint for {name} in the AWS profile: {error}")
    if credentials is None:
        return NoServiceError(f"no keys in the AWS profile to sign for {name} with")
    model = client.meta.service_model
    signer = SigV4Auth(credentials, model.signing_name, client.meta.region_name)
    return AwsService(client.meta.endpoint_url.rstrip("/") + "/", model.metadata["targetPrefix"], signer)
