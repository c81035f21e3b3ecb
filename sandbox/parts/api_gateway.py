"""API Gateway: the API of aws/api.yaml, deployed with the calls that deploy it at Amazon."""

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.environment import aws_credentials_file, profile_variables
from sandbox.errors import NotReadyError
from sandbox.parts.base import HOST, Part
from sandbox.parts.student_client import student_client
from sandbox.settings import ROOT, write_private

DEFINITION = ROOT / "aws" / "api.yaml"
STAGE = "prod"
PLAN = "course"
VPC_LINK = "sandbox"  # any name will do: here the gateway reaches the proxy by itself
RATE = 2000  # requests a second, steady; Amazon's own default for an account is 10,000
BURST = 1000


class ApiGateway(Part):
    """The gateway. Its API, stage, key and usage plan survive a restart; a changed definition is deployed again."""

    name = "api-gateway"
    stands_for = "API Gateway"
    needs = ("rest-proxy",)
    port_names = ("api-gateway",)

    @property
    def address(self) -> str:
        """The endpoint of its control plane."""
        return f"http://{HOST}:{self.port}"

    @property
    def record(self) -> Path:
        """Where the identifier of the deployed API is kept for the commands that print it."""
        return self.settings.config(self.name) / "api_id"

    @property
    def invoke_url(self) -> str:
        """The address of the deployed stage; of no use before the first `sandbox up`."""
        identifier = self.record.read_text() if self.record.exists() else "not-deployed"
        return f"{self.address}/restapis/{identifier}/{STAGE}/_user_request_"

    def prepare(self) -> None:
        """Nothing: its definitions are made through its own calls."""

    def command(self) -> Sequence[str | Path]:
        """Run the gateway."""
        words: list[str | Path] = [sys.executable, "-m", "sandbox.servers.api_gateway", "--state", self.folder]
        return [*words, "--credentials", aws_credentials_file(self.settings), "--host", HOST, "--port", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        """The AWS profile, by which its integrations find Kinesis and sign for it."""
        return profile_variables(self.settings)

    @cached_property
    def client(self) -> Any:
        """A boto3 client with the student's keys."""
        return student_client("apigateway", self.address, self.secrets)

    def probe(self) -> None:
        """Ask the control plane for the APIs; once one is deployed, ask it for the topics."""
        self.client.get_rest_apis()
        if self.record.exists():
            self.request_topics()

    def request_topics(self) -> None:
        """Send one request through the whole way: key, stage, integration, proxy."""
        import requests

        headers = {"x-api-key": self.secrets.api_key.get_secret_value()}
        answer = requests.get(f"{self.invoke_url}/topics", headers=headers, timeout=10)
        if answer.status_code != 200:
            raise NotReadyError(f"{answer.status_code} {answer.text}")

    def provision(self) -> None:
        """Deploy the API of aws/api.yaml with key and usage plan, each step only where its result is not there yet."""
        identifier = self.ensure_api()
        self.ensure_plan(identifier, self.ensure_key())
        write_private(self.record, identifier)
        self.request_topics()

    def ensure_api(self) -> str:
        """Import and deploy the definition, or deploy it again where it has changed; return the API's identifier."""
        import yaml

        definition = DEFINITION.read_text()
        deployed = self.settings.config(self.name) / "deployed.yaml"
        identifier = self.existing("get_rest_apis", yaml.safe_load(definition)["info"]["title"])
        if identifier and deployed.exists() and deployed.read_text() == definition:
            return identifier
        if identifier:
            self.client.put_rest_api(restApiId=identifier, mode="overwrite", body=definition.encode())
        else:
            identifier = str(self.client.import_rest_api(body=definition.encode())["id"])
        self.deploy(identifier)
        write_private(deployed, definition)
        return identifier

    def deploy(self, identifier: str) -> None:
        """Deploy the API to its stage; the stage variables say how the proxy is reached, here and at Amazon."""
        proxy = {"restProxy": f"{HOST}:{self.settings.ports['rest-proxy']}", "vpcLinkId": VPC_LINK}
        self.client.create_deployment(restApiId=identifier, stageName=STAGE, variables=proxy)

    def ensure_key(self) -> str:
        """Create the student's API key; return its identifier."""
        value = self.secrets.api_key.get_secret_value()
        found = self.existing("get_api_keys", self.secrets.user_id)
        return found or str(self.client.create_api_key(name=self.secrets.user_id, value=value, enabled=True)["id"])

    def ensure_plan(self, api: str, key: str) -> None:
        """Create the usage plan for the stage, with the key in it."""
        stage = {"apiId": api, "stage": STAGE}
        plan = (
            self.existing("get_usage_plans", PLAN)
            or self.client.create_usage_plan(
                name=PLAN, apiStages=[stage], throttle={"rateLimit": RATE, "burstLimit": BURST}
            )["id"]
        )
        members = self.client.get_usage_plan_keys(usagePlanId=plan)["items"]
        if key not in {member["id"] for member in members}:
            self.client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")

    def existing(self, operation: str, name: str) -> str | None:
        """The identifier of the item of that name in a listing, or None."""
        items = getattr(self.client, operation)(limit=500)["items"]
        return next((str(item["id"]) for item in items if item["name"] == name), None)
