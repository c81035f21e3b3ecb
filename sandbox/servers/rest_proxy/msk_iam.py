"""Signing in to Amazon MSK with IAM: librdkafka's OAUTHBEARER token in place of Java's AWS_MSK_IAM plugin.

The token is the presigned URL of the action ``kafka-cluster:Connect``, as aws-msk-iam-sasl-signer makes it.
"""

import base64
import re
import time
from collections.abc import Callable

from sandbox.servers.kafka_properties import UnsupportedPropertyError

TOKEN_SECONDS = 900
_REGION = re.compile(r"\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com")
_USER_AGENT = "pinterest-pipeline-course"


def token_callback(bootstrap_servers: str) -> Callable[[str], tuple[str, float]]:
    """The ``oauth_cb`` of a confluent-kafka client for an MSK cluster.

    Args:
        bootstrap_servers: the cluster's IAM endpoints; their names hold the region.

    Returns:
        A function that gives a token and the time (seconds since 1970) at which it expires. It reads the AWS
        credential chain anew each time, so a role's rotated keys are found.

    Raises:
        UnsupportedPropertyError: the endpoints are not MSK's.
    """
    region = _REGION.search(bootstrap_servers)
    if not region:
        raise UnsupportedPropertyError(
            "AWS_MSK_IAM works with Amazon MSK only; bootstrap.servers names none of its endpoints. "
            "Ask for them: aws kafka get-bootstrap-brokers --cluster-arn CLUSTER_ARN"
        )
    return lambda _config: (connect_token(region[1]), time.time() + TOKEN_SECONDS)


def connect_token(region: str) -> str:
    """A signed token for the MSK clusters of a region; raises botocore's NoCredentialsError without AWS keys."""
    # Imported here: it takes half a second that a proxy with SCRAM does not need to spend.
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import NoCredentialsError
    from botocore.session import Session

    credentials = Session().get_credentials()
    if credentials is None:
        raise NoCredentialsError
    url = f"https://kafka.{region}.amazonaws.com/"
    request = AWSRequest(method="GET", url=url, params={"Action": "kafka-cluster:Connect"})
    SigV4QueryAuth(credentials.get_frozen_credentials(), "kafka-cluster", region, TOKEN_SECONDS).add_auth(request)
    signed = f"{request.url}&User-Agent={_USER_AGENT}"
    return base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")
