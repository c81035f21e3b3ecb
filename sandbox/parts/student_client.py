"""boto3 clients with the student's keys, for the parts that set themselves up through their own calls."""

from typing import Any

from sandbox.parts.s3 import REGION
from sandbox.secrets import Secrets


def student_client(service: str, endpoint: str, secrets: Secrets, read_timeout: int = 30) -> Any:
    """A client of a service (boto3's name of it) at an endpoint; it gives up at the first failure.

    Args:
        service: e.g. `kinesis`.
        endpoint: the part's address.
        secrets: the sandbox's, with the student's keys.
        read_timeout: seconds that an answer may take.
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=secrets.aws_access_key_id,
        aws_secret_access_key=secrets.aws_secret_access_key.get_secret_value(),
        config=Config(connect_timeout=3, read_timeout=read_timeout, retries={"total_max_attempts": 1}),
    )
