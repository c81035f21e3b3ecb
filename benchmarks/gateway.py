"""API Gateway: single records and batches to the REST proxy and to Kinesis, by a client that costs next to nothing.

Beside each, the same client without the gateway, against a gateway whose integration is `mock` (key, validation,
template and log, but no back end), and against a server that does nothing. What bounds each, on two cores: over one
connection gateway, back end and broker work one after another; over eight they fill both cores; a batch waits for the
gateway's mapping template; the client bounds nothing.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from confluent_kafka.admin import NewTopic

from benchmarks.bench import Bench
from benchmarks.figures import Figure, at_least
from benchmarks.kinesis import BATCH, BYTES, STREAM, fresh_stream, no_op
from benchmarks.raw_client import Request, rate
from sandbox.parts.api_gateway import DEFINITION, ApiGateway
from sandbox.parts.kinesis import Kinesis
from sandbox.parts.rest_proxy import JSON_RECORDS, RestProxy
from sandbox.parts.s3 import REGION

NAME = "gateway-benchmark"
TARGET = "Kinesis_20131202."
VALUE = {"pin": "x" * BYTES}
JSON = {"Content-Type": "application/json"}
# What an answer holds when every record of its request is written.
WRITTEN = b'"error_code":null'
PUT = {"PutRecord": b'"SequenceNumber"', "PutRecords": b'"FailedRecordCount":0'}


@dataclass(frozen=True)
class Api:
    """A deployed API: its invoke URL, and the headers that it asks for."""

    url: str
    key: dict[str, str]

    def request(self, verb: str, path: str, headers: dict[str, str], body: bytes, expected: bytes = b"") -> Request:
        """A request with the API's key."""
        return Request(verb, self.url + path, {**headers, **self.key}, body, expected)


@dataclass(frozen=True)
class Case:
    """One way through the gateway: `records` of each request, and the four requests that are compared."""

    name: str
    bar: float
    records: int
    connections: int
    through: Request
    without: Request
    mock: Request
    nothing: Request

    @property
    def unit(self) -> str:
        """Records for batches, requests otherwise."""
        return "requests/s" if self.records == 1 else "records/s"


@dataclass(frozen=True)
class Rates:
    """One round of a case in its unit; `cpu` is what the gateway computed for a request, in ms."""

    through: float
    without: float
    mock: float
    nothing: float
    cpu: float


def measure(bench: Bench) -> Iterator[Figure]:
    """Rounds of the four ways by turns; medians."""
    bench.up()
    with ExitStack() as stack:
        stack.enter_context(fresh_stream(bench.stack.part(Kinesis).client))
        stack.enter_context(fresh_topic(bench))
        nothing = stack.enter_context(no_op()).meta.endpoint_url
        real, mock = stack.enter_context(deployed(bench))
        rounds = []
        for number in range(bench.sizes.rounds):
            with bench.step(f"round {number + 1}: four ways through the gateway and around it") as show:
                rounds.append([(case, one_round(bench, case, show)) for case in cases(bench, real, mock, nothing)])
    for measured in zip(*rounds, strict=True):
        yield from figures(measured[0][0], [rates for _, rates in measured])


def figures(case: Case, rates: list[Rates]) -> Iterator[Figure]:
    """The medians of a case."""
    yield Figure(case.name, median(each.through for each in rates), case.unit, at_least(case.bar))
    yield Figure("  the gateway's CPU for a request", median(each.cpu for each in rates), "ms")
    yield Figure("  without the gateway", median(each.without for each in rates), case.unit)
    yield Figure("  through a gateway with a mock behind it", median(each.mock for each in rates), case.unit)
    yield Figure("  of a server that does nothing", median(each.nothing for each in rates), case.unit)


def one_round(bench: Bench, case: Case, show: Any) -> Rates:
    """The four requests of a case, one after another."""
    show(case.name)
    sizes = bench.sizes
    calls = sizes.gateway_calls * case.connections if case.records == 1 else sizes.gateway_records // case.records

    def of(request: Request) -> float:
        return rate(request, calls, case.connections) * case.records

    of(case.through)  # opens what is kept open, and fills what is kept
    before = bench.cpu_seconds(ApiGateway.name)
    through = of(case.through)
    cpu = (bench.cpu_seconds(ApiGateway.name) - before) / calls * 1000
    return Rates(through, of(case.without), of(case.mock), of(case.nothing), cpu)


def cases(bench: Bench, real: Api, mock: Api, nothing: str) -> list[Case]:
    """The four cases; made anew for each round, for a signature is good for five minutes."""
    return [
        rest_proxy_case(bench, real, mock, nothing, 1, 200),
        rest_proxy_case(bench, real, mock, nothing, 8, 800),
        kinesis_case(bench, real, mock, nothing, 1, 200),
        kinesis_case(bench, real, mock, nothing, BATCH, 8_000),
    ]


def rest_proxy_case(bench: Bench, real: Api, mock: Api, nothing: str, connections: int, bar: float) -> Case:
    """A record to the REST proxy."""
    path, body = f"/topics/{NAME}", json.dumps({"records": [{"value": VALUE}]}).encode()
    plural = f"{connections} connections" if connections > 1 else "one connection"
    return Case(
        f"a record to the REST proxy, {plural}",
        bar,
        1,
        connections,
        real.request("POST", path, JSON_RECORDS, body, WRITTEN),
        Request("POST", bench.stack.part(RestProxy).address + path, JSON_RECORDS, body, WRITTEN),
        mock.request("POST", path, JSON_RECORDS, body),
        Request("POST", nothing + "/", {"X-Amz-Target": TARGET + "PutRecord"}, body),
    )


def kinesis_case(bench: Bench, real: Api, mock: Api, nothing: str, records: int, bar: float) -> Case:
    """A record or a batch of them to Kinesis."""
    single = records == 1
    path = f"/streams/{STREAM}/record" + ("" if single else "s")
    record, action = {"Data": VALUE, "PartitionKey": "1"}, "PutRecord" if single else "PutRecords"
    sent = record if single else {"records": [{"data": VALUE, "partition-key": str(n)} for n in range(records)]}
    body = json.dumps(sent).encode()
    own_body = kinesis_body(records)
    return Case(
        "a record to Kinesis (PutRecord)" if single else f"PutRecords of {records} to Kinesis",
        bar,
        records,
        1,
        real.request("PUT", path, JSON, body, PUT[action]),
        signed(bench, action, own_body),
        mock.request("PUT", path, JSON, body),
        Request("POST", nothing + "/", {"X-Amz-Target": TARGET + action}, own_body),
    )


def kinesis_body(records: int) -> bytes:
    """What the templates of aws/templates make of the records."""
    data = base64.b64encode(json.dumps(VALUE).encode()).decode()
    entries = [{"Data": data, "PartitionKey": str(number)} for number in range(records)]
    sent: dict[str, Any] = entries[0] if records == 1 else {"Records": entries}
    return json.dumps({"StreamName": STREAM, **sent}).encode()


def signed(bench: Bench, action: str, body: bytes) -> Request:
    """A request to Kinesis as boto3 signs it."""
    secrets = bench.stack.secrets
    keys = Credentials(secrets.aws_access_key_id, secrets.aws_secret_access_key.get_secret_value())
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET + action}
    request = AWSRequest("POST", bench.stack.part(Kinesis).address + "/", headers=headers, data=body)
    SigV4Auth(keys, "kinesis", REGION).add_auth(request)
    return Request("POST", request.url, dict(request.headers.items()), body, PUT[action])


@contextmanager
def fresh_topic(bench: Bench) -> Iterator[None]:
    """A topic for the records of the REST proxy."""
    admin = bench.kafka.admin
    admin.create_topics([NewTopic(NAME, 3, 1)])[NAME].result(timeout=20)
    try:
        yield
    finally:
        admin.delete_topics([NAME])[NAME].result(timeout=20)


@contextmanager
def deployed(bench: Bench) -> Iterator[tuple[Api, Api]]:
    """The API of the course, and the same with mocks for back ends, with a key and no throttle."""
    client = bench.stack.part(ApiGateway).client
    definition = yaml.safe_load(DEFINITION.read_text())
    key = client.create_api_key(name=NAME, enabled=True)
    real = deploy(bench, definition)
    mock = deploy(bench, with_mocks(definition))
    stages = [{"apiId": api, "stage": NAME} for api in (real, mock)]
    plan = client.create_usage_plan(name=NAME, apiStages=stages)["id"]
    client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    try:
        address, header = bench.stack.part(ApiGateway).address, {"x-api-key": key["value"]}
        yield Api(f"{address}/{real}/{NAME}", header), Api(f"{address}/{mock}/{NAME}", header)
    finally:
        client.delete_rest_api(restApiId=real)
        client.delete_rest_api(restApiId=mock)
        client.delete_usage_plan(usagePlanId=plan)
        client.delete_api_key(apiKey=key["id"])


def deploy(bench: Bench, definition: dict[str, Any]) -> str:
    """Import and deploy a definition; return the API's identifier."""
    client = bench.stack.part(ApiGateway).client
    api = str(client.import_rest_api(body=json.dumps(definition).encode())["id"])
    proxy = bench.stack.part(RestProxy).address.removeprefix("http://")
    client.create_deployment(restApiId=api, stageName=NAME, variables={"restProxy": proxy, "vpcLinkId": NAME})
    return api


def with_mocks(definition: dict[str, Any]) -> dict[str, Any]:
    """The definition with a mock behind every method; the templates render what they did, and a status."""
    copy = json.loads(json.dumps(definition))
    for methods in copy["paths"].values():
        for method in methods.values():
            integration = method["x-amazon-apigateway-integration"]
            templates = integration.get("requestTemplates", {JSON_RECORDS["Content-Type"]: '{"StreamName": ""}'})
            with_status = {
                kind: text.replace('"StreamName"', '"statusCode": 200, "StreamName"')
                for kind, text in templates.items()
            }
            method["x-amazon-apigateway-integration"] = {
                "type": "mock",
                "requestTemplates": with_status,
                "responses": {"default": {"statusCode": "200"}},
            }
    return copy
