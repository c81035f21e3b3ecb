"""The steps by hand run, as far as there is something here to run them on: emulated AWS, and the sandbox."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from aws_services_process import free_port
from markdown_pages import SHELL as SCRIPTS
from markdown_pages import Block, Page

from deployment.parts import ROOT
from sandbox import downloads
from sandbox.parts.base import listening
from sandbox.stack import wait_until

FOLDER = ROOT / "walkthroughs"
KAFKA_CLIENT, MSK_TO_S3, API = (
    Page(FOLDER / name) for name in ("1-ec2-kafka-client.md", "2-msk-to-s3.md", "3-api-gateway.md")
)
# What no emulator has, or needs the internet, or a person.
NOT_HERE = ("client_jars.py", "start-session", "describe-stacks", "make deploy", "make destroy", "make setup")
WAIT = re.compile(r"(?:until|while) [^\n]*(?:\\\n[^\n]*)*\n?;? ?do sleep \d+; done\n", re.MULTILINE)
# moto has MSK's clusters, and neither their configurations nor their brokers; its API Gateway wants a package more.
LACKING = """
aws() {
  case "$1 $2" in
    "kafka create-configuration") echo arn:aws:kafka:us-east-1:123456789012:configuration/pinterest-kafka/0a1b2c3d-1 ;;
    "kafka get-bootstrap-brokers") echo b-1.example.com:9098 ;;
    "kafka delete-configuration" | "apigateway delete-vpc-link") ;;
    "apigateway create-vpc-link" | "apigateway get-vpc-link") echo AVAILABLE ;;
    *) command aws "$@" ;;
  esac
}
"""
SHELL = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "AWS_PAGER": ""}


def blocks(page: Page, heading: str) -> list[str]:
    """The commands of a section that can run here, a text a block."""
    texts = [block.text for block in page.section(heading).blocks if block.language == "bash"]
    return [text for text in texts if not any(word in text for word in NOT_HERE)]


def numbered(page: Page, *numbers: int) -> list[str]:
    headings = {int(heading.split(".")[0]): heading for heading in page.headings if re.match(r"\d+\. ", heading)}
    return [text for number in numbers for text in blocks(page, headings[number])]


def run(script: list[str], folder: Path, **environment: str) -> str:
    """What the commands print, as one shell of a student runs them."""
    if not (folder / "aws").exists():
        (folder / "aws").symlink_to(ROOT / "aws")
    text = "set -euo pipefail\n" + "\n".join(script)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "USER_ID"))}
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env={**plain, **SHELL, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def emulated_aws(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment that leads the AWS CLI to an empty account of moto."""
    port = free_port()
    with (tmp_path / "moto.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", str(port)],
            env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdout=log,
            stderr=log,
        )
    wait_until(lambda: listening(port), 30)
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
    try:
        yield {**keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    finally:
        server.kill()
        server.wait()


def client(service: str, environment: dict[str, str]) -> "boto3.client":
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@pytest.mark.full
def test_what_is_made_by_hand_is_there_and_goes_away_again(emulated_aws: dict[str, str], tmp_path: Path) -> None:
    """Walkthroughs 1 to 3 in one shell, to the tear-downs in the opposite order; what waits does not wait here."""
    first = [text for text in numbered(KAFKA_CLIENT, 1) if "AWS_PROFILE=yours" in text]
    sign_in = [re.sub(r"^unset .*$|AWS_PROFILE=yours", "", text, flags=re.MULTILINE) for text in first]
    made = [*numbered(KAFKA_CLIENT, 2, 3, 4, 5), *numbered(MSK_TO_S3, 1, 2, 5), *numbered(API, 2)]
    away = [*blocks(API, "Tear-down")[1:], *blocks(MSK_TO_S3, "Tear-down")[1:], *blocks(KAFKA_CLIENT, "Tear-down")]
    stand_ins = ["log_groups='/aws/vendedlogs/pinterest/msk-connect /pinterest/api-access /pinterest/rest-proxy'"]
    stand_ins += ["for group in $log_groups; do aws logs create-log-group --log-group-name $group; done"]
    stand_ins += ["aws ssm put-parameter --name /pinterest/bootstrap-servers --type String --value pending"]
    stand_ins += [text.partition("aws apigateway update-account")[0] for text in numbered(API, 6)[:1]]
    told = run(
        [LACKING, *sign_in, *map(without_waits, [*made, *stand_ins, "echo ALL IS MADE", *away])],
        tmp_path,
        **emulated_aws,
    )
    assert "ALL IS MADE" in told
    assert "/pinterest" not in str(client("logs", emulated_aws).describe_log_groups()["logGroups"])
    vpcs = client("ec2", emulated_aws).describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in vpcs] == [True]
    assert client("iam", emulated_aws).list_roles()["Roles"] == []
    assert client("s3", emulated_aws).list_buckets()["Buckets"] == []
    assert client("elbv2", emulated_aws).describe_load_balancers()["LoadBalancers"] == []
    assert client("kafka", emulated_aws).list_clusters_v2()["ClusterInfoList"] == []


def without_waits(script: str) -> str:
    return WAIT.sub("", script)


@pytest.mark.full
@pytest.mark.sandbox
def test_the_api_by_hand_brings_a_record_to_kafka(sandbox, tmp_path: Path) -> None:
    proxy = sandbox.rest_proxy_url.removeprefix("http://")
    begin = ["account=123456789012; link=by-hand; host=proxy"]
    begin += ["export AWS_REGION=us-east-1"]
    steps = [text.replace("$host:8082", proxy) for text in numbered(API, 3, 4, 5)]
    gateway = f"http://127.0.0.1:{sandbox.settings.ports['api-gateway']}"
    address = [f'API_INVOKE_URL={gateway}/restapis/"$api"/dev/_user_request_']
    post = [text for text in numbered(API, 7) if "curl" in text]
    last = [*numbered(API, 8), *blocks(API, "Tear-down")[:1]]
    told = run([*begin, *steps, *address, *post, *last], tmp_path, **student(sandbox))
    assert '"error_code":null' in told
    assert "/streams/{stream-name}/records" in told
    apis = sandbox.stack.parts["api-gateway"].client.get_rest_apis()["items"]
    assert "pinterest-by-hand" not in [api["name"] for api in apis]
    assert len([api for api in apis if api["name"] == "pinterest-pipeline"]) == 1


@pytest.mark.full
@pytest.mark.sandbox
def test_the_connector_by_hand_runs(sandbox, tmp_path: Path) -> None:
    """Under another student's id, so that it is beside the sandbox's own; IAM's brokers are SCRAM's here."""
    with zipfile.ZipFile(tmp_path / "confluentinc-kafka-connect-s3.zip", "w") as archive:
        archive.writestr("README.txt", "The sandbox's sink is built in.")
    role = "arn:aws:iam::123456789012:role/pinterest-connector"
    begin = [f"artifacts=by-hand-artifacts; role={role}; subnet_a=subnet-0a; subnet_b=subnet-0b; client_group=sg-0a"]
    begin += ["bucket=user-$USER_ID-bucket; aws s3 mb s3://$artifacts; aws s3 mb s3://$bucket"]
    begin += ["cluster=$(aws kafka list-clusters-v2 --query 'ClusterInfoList[0].ClusterArn' --output text)"]
    steps = [text.replace("StringSaslIam", "StringSaslScram") for text in numbered(MSK_TO_S3, 3, 4, 6)]
    end = ["aws logs delete-log-group --log-group-name /aws/vendedlogs/pinterest/msk-connect"]
    end += ["aws s3 rb --force s3://$artifacts; aws s3 rb --force s3://$bucket"]
    environment = {**student(sandbox), "USER_ID": "fedcba987654"}
    told = run([*begin, *steps, *blocks(MSK_TO_S3, "Tear-down")[:1], *end], tmp_path, **environment)
    assert "RUNNING\tNone" in told
    connectors = sandbox.stack.parts["msk"].connect.list_connectors()["connectors"]
    assert "fedcba987654-s3-sink" not in [connector["connectorName"] for connector in connectors]


@pytest.mark.full
@pytest.mark.sandbox
def test_what_the_instances_tools_do_by_hand_they_do_in_the_sandbox(sandbox, tmp_path: Path) -> None:
    """Kafka's tools by the links of the instance, with another folder, one broker, and the sandbox's way to sign in."""
    headings = [heading for heading in KAFKA_CLIENT.headings if heading[:2] in ("8.", "9.")]
    texts = [block.text for heading in headings for block in KAFKA_CLIENT.section(heading).blocks]
    scripts = [text for text in texts if "--bootstrap-server" in text]
    tools, java = tmp_path / "kafka", Path(sandbox.kafka.java()[0])
    (tools / "bin").mkdir(parents=True)
    (tools / "libs").symlink_to(downloads.folder(sandbox.settings, downloads.KAFKA))
    (tools / "client.properties").symlink_to(sandbox.kafka_client_properties)
    tool = tools / "bin" / "kafka-tool.sh"
    tool.write_text((ROOT / "aws" / "ec2" / "kafka-tool.sh").read_text().replace("/opt/kafka", str(tools)))
    tool.chmod(0o755)
    for name in ("kafka-topics", "kafka-configs", "kafka-consumer-groups", "kafka-console-consumer"):
        (tools / "bin" / f"{name}.sh").symlink_to("kafka-tool.sh")
    script = "\n".join(scripts).replace("/opt/kafka", str(tools)).replace("--replication-factor 2", "")
    script = script.replace("USER_ID=0123456789ab", f"USER_ID={sandbox.user_id}")
    path = f"{java.parent}{os.pathsep}{SHELL['PATH']}"
    told = run([f"servers={sandbox.kafka.address}", script], tmp_path, PATH=path)
    assert f"{sandbox.user_id}.geo\n{sandbox.user_id}.pin\n{sandbox.user_id}.user\n" in told
    assert '{"index": 1, "title": "hello"}' in told
    assert f"Created topic {sandbox.user_id}-hello." in told


def student(sandbox) -> dict[str, str]:
    return {name: value for name, value in sandbox.environment.items() if name != "PATH"}


# --- What differs in the sandbox -------------------------------------------------------------------------------------

HERE = [KAFKA_CLIENT, MSK_TO_S3, API, *(Page(path) for path in sorted(FOLDER.glob("[456]-*.md")))]
# Reads, and answers within a second or two; Kafka's tools start a Java each.
QUICK = re.compile(
    r"sandbox (status|versions|logs [\w-]+ (--lines|-n) \d+|env)|aws \S+ (list|describe|get|ls)|curl |echo |eval "
)
CHANGES = re.compile(
    r"sandbox (up|down|reset|restart|start-at|data|run|airflow|mwaa|nightly)|make |papermill|streaming-|-f$|--follow"
)


def sandbox_blocks(page: Page) -> list[Block]:
    return [block for block in page.section("What differs in the sandbox").blocks if block.language in SCRIPTS]


def sandbox_lines(page: Page) -> list[str]:
    """The commands that a page has for the sandbox, a line each, but for what changes something."""
    lines = [line for block in sandbox_blocks(page) for line in block.text.splitlines()]
    return [line for line in lines if line and not line.startswith("eval ") and not CHANGES.search(line)]


def readme_lines() -> list[str]:
    """The commands of the README's table that only read."""
    code = Page(ROOT / "README.md").code
    return [text for text in code if text.startswith("sandbox ") and not CHANGES.search(text) and "IND" not in text]


LINES = [(str(page), line) for page in HERE for line in sandbox_lines(page)]
LINES += [("README.md", line) for line in readme_lines() if re.match(r"sandbox (status|versions|doctor|kafka-)", line)]


def in_a_students_shell(sandbox, line: str) -> subprocess.CompletedProcess[str]:
    environment = {**sandbox.environment, **SHELL}
    command = ["bash", "-c", f"set -o pipefail; {line}"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_every_page_of_the_first_three_has_commands_for_the_sandbox() -> None:
    assert {page for page, _ in LINES} >= {str(page) for page in (KAFKA_CLIENT, MSK_TO_S3, API)} | {"README.md"}


@pytest.mark.sandbox
def test_a_shell_is_led_to_the_sandbox_by_the_line_that_each_page_begins_with(sandbox) -> None:
    begins = [block.text.splitlines()[0] for page in (KAFKA_CLIENT, MSK_TO_S3, API) for block in sandbox_blocks(page)]
    (line,) = set(begins)
    bare = {name: value for name, value in sandbox.environment.items() if not name.startswith(("AWS_", "USER_ID"))}
    command = ["bash", "-c", f'{line} && echo "$USER_ID $AWS_PROFILE"']
    done = subprocess.run(command, cwd=ROOT, env={**bare, **SHELL}, capture_output=True, text=True, check=False)
    assert done.stdout == f"{sandbox.user_id} sandbox\n", done.stderr


@pytest.mark.sandbox
@pytest.mark.parametrize(("page", "line"), [one for one in LINES if QUICK.match(one[1])])
def test_a_quick_command_of_a_page_runs_in_the_sandbox(sandbox, page: str, line: str) -> None:
    done = in_a_students_shell(sandbox, line)
    assert (done.returncode, bool(done.stdout.strip())) == (0, True), done.stdout + done.stderr


@pytest.mark.full
@pytest.mark.sandbox
@pytest.mark.parametrize(("page", "line"), [one for one in LINES if not QUICK.match(one[1])])
def test_a_slower_command_of_a_page_runs_in_the_sandbox(sandbox, page: str, line: str) -> None:
    done = in_a_students_shell(sandbox, line)
    assert done.returncode == 0, done.stdout + done.stderr
