"""One profile, not two code paths: the AWS profile `sandbox`, the student's `.env`, and `sandbox env`."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.secrets import Secrets
from sandbox.settings import ROOT, Settings, write_private

TEMPLATE = ROOT / "credentials" / "template.env"
HEADER = "# Written by `sandbox up`. USER_ID is yours to choose before the first start; the rest follows the sandbox.\n"


HINT = (
    'These lines are for the shell:  eval "$(sandbox env)"\n'
    "Then boto3, the AWS CLI and Terraform reach the sandbox:  aws sts get-caller-identity\n"
    "AWS_PROFILE=yours, without AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, leads them to Amazon.\n"
)


def aws_config_file(settings: Settings) -> Path:
    """The AWS config with the profile `sandbox`."""
    return settings.home / "aws" / "config"


def aws_credentials_file(settings: Settings) -> Path:
    """The AWS credentials of the profile `sandbox`."""
    return settings.home / "aws" / "credentials"


# The services with an endpoint of their own, by botocore's service ids: the port of the part that serves each.
SERVICE_PORTS = {
    "s3": "s3",
    "api_gateway": "api-gateway",
    "kinesis": "kinesis",
    "kafka": "msk",
    "kafkaconnect": "msk",
}


def write_profile(settings: Settings, secrets: Secrets) -> None:
    """Write the AWS profile: an endpoint for every service, so that none reaches Amazon, and those served apart."""
    services = "".join(
        f"{service} =\n  endpoint_url = {endpoint(settings, port)}\n" for service, port in SERVICE_PORTS.items()
    )
    write_private(
        aws_config_file(settings),
        f"[profile sandbox]\nregion = us-east-1\noutput = json\nendpoint_url = {endpoint(settings, 'aws')}\n"
        f"services = sandbox\ns3 =\n  addressing_style = path\n\n[services sandbox]\n{services}",
    )
    write_private(
        aws_credentials_file(settings),
        f"[sandbox]\naws_access_key_id = {secrets.aws_access_key_id}\n"
        f"aws_secret_access_key = {secrets.aws_secret_access_key.get_secret_value()}\n",
    )


def endpoint(settings: Settings, port: str) -> str:
    """The address of the server that has a port."""
    return f"http://127.0.0.1:{settings.ports[port]}"


def profile_variables(settings: Settings) -> dict[str, str]:
    """What leads an AWS client to the profile, and so to this sandbox."""
    return {
        "AWS_PROFILE": "sandbox",
        "AWS_CONFIG_FILE": str(aws_config_file(settings)),
        "AWS_SHARED_CREDENTIALS_FILE": str(aws_credentials_file(settings)),
    }


def variables(settings: Settings, secrets: Secrets) -> dict[str, str]:
    """Every variable that notebooks, lib and the real clients need to reach this sandbox."""
    from sandbox.parts.api_gateway import ApiGateway
    from sandbox.parts.jobs import Jobs
    from sandbox.parts.kafka import Kafka, client_properties
    from sandbox.parts.mariadb import credentials_file
    from sandbox.parts.s3 import S3
    from sandbox.parts.spark import Spark

    bucket = S3(settings, secrets).bucket
    return {
        "USER_ID": secrets.user_id,
        **profile_variables(settings),
        "RDS_CREDENTIALS": str(credentials_file(settings.home)),
        "API_INVOKE_URL": ApiGateway(settings, secrets).invoke_url,
        "API_KEY": secrets.api_key.get_secret_value(),
        "BOOTSTRAP_SERVERS": Kafka(settings, secrets).address,
        "KAFKA_CLIENT_PROPERTIES": str(client_properties(settings)),
        "BUCKET": bucket,
        "RAW_PATH": f"s3a://{bucket}/topics",
        "CHECKPOINT_PATH": str(Spark(settings, secrets).checkpoints),
        "STATE_DIR": str(settings.home / "state"),
        "SPARK_REMOTE": Spark(settings, secrets).address,
        "SPARK_CONNECT_AUTHENTICATE_TOKEN": secrets.spark_token.get_secret_value(),
        "DATABRICKS_HOST": Jobs(settings, secrets).address,
        "DATABRICKS_TOKEN": secrets.databricks_token.get_secret_value(),
        "AIRFLOW_URL": endpoint(settings, "airflow"),
        "COURSE_CATCH_UP": catch_up_command(settings),
        "ANSWER_KEY": str(answer_key_file(settings)),
    }


def catch_up_command(settings: Settings) -> str:
    """The command, without its number, that makes what a notebook of the course builds on.

    It names this sandbox and this environment's Python: a kernel knows neither by its PATH nor by its variables.
    """
    command = ["env", f"SANDBOX_HOME={settings.home}", sys.executable, "-m", "sandbox", "start-at"]
    return shlex.join(command)


def answer_key_file(settings: Settings) -> Path:
    """The salted answers to the questions of the data that the database holds."""
    return settings.home / "answer_key.json"


def write_env_file(settings: Settings, secrets: Secrets) -> None:
    """Write the student's `.env`; lines of the student's own that the sandbox does not know are kept."""
    values = variables(settings, secrets)
    path = settings.env_file
    lines = path.read_text().splitlines() if path.exists() else []
    known = {f"{name}={quoted(value)}" for name, value in values.items()}
    own = [line for line in lines if line.split("=")[0].strip() not in values and line + "\n" != HEADER]
    text = HEADER + "".join(f"{line}\n" for line in own if line.strip())
    text += "".join(f"{line}\n" for line in sorted(known))
    if not path.exists() or path.read_text() != text:
        write_private(path, text)


def quoted(value: str) -> str:
    """A value as `.env` readers and shells both take it."""
    return json.dumps(value) if any(character in value for character in " '\"$;&#") else value


def exports(values: Mapping[str, str]) -> str:
    """The variables as a shell's export lines: `eval "$(sandbox env)"`."""
    single = {name: value.replace("'", "'\"'\"'") for name, value in values.items()}
    return "".join(f"export {name}='{value}'\n" for name, value in single.items())
