"""APICommunicator against a real HTTP server that plays every answer a gateway can give."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from gateway_double import KEY, LOST, RESET, USER_ID, GatewayDouble
from pydantic import SecretStr

from lib.api_communicator import APICommunicator, BatchOutcome
from lib.entities import PIN
from lib.errors import (
    ApiKeyRefusedError,
    GatewayError,
    GaveUpError,
    QuotaExceededError,
    RequestRefusedError,
    SettingsError,
    UnexpectedAnswerError,
    UnknownTopicError,
    WrongPathError,
)
from lib.gateway_answers import retry_after_seconds
from lib.records import Record
from lib.retry_policy import RetryPolicy
from lib.settings import Settings

QUICK = RetryPolicy(give_up_after=3, first_wait=0.01, longest_wait=0.05)
IMPATIENT = RetryPolicy(give_up_after=0.2, first_wait=0.01, longest_wait=0.05)
SERVER_ERROR = (500, '{"message":"Internal server error"}', {})


@pytest.fixture
def gateway() -> Iterator[GatewayDouble]:
    with GatewayDouble() as gateway:
        yield gateway


@pytest.fixture
def communicator(gateway: GatewayDouble) -> Iterator[APICommunicator]:
    with APICommunicator(gateway.url, SecretStr(KEY), USER_ID, policy=QUICK) as communicator:
        yield communicator


def records(*positions: int) -> list[Record]:
    return [Record(position, position, b'{"index":%d}' % position) for position in positions]


def positions(found: list[Record]) -> list[int]:
    return sorted(record.position for record in found)


def refusing(key: int, *errors: tuple[int, str] | None) -> Callable[[dict[str, object]], tuple[int, str] | None]:
    """A verdict on the record with this key, one error a request, then none."""
    left = list(errors)
    return lambda record: left.pop(0) if record.get("key") == key and left else None


def test_many_records_travel_in_one_request(gateway: GatewayDouble, communicator: APICommunicator) -> None:
    outcome = communicator.post(PIN, records(1, 2, 3))
    assert positions(outcome.acknowledged) == [1, 2, 3]
    assert gateway.topics == {f"{USER_ID}.pin": [(1, {"index": 1}), (2, {"index": 2}), (3, {"index": 3})]}
    assert [(path, count) for path, _, count in gateway.requests] == [(f"/prod/topics/{USER_ID}.pin", 3)]


def test_the_request_has_the_headers_of_the_course_and_no_compression(
    gateway: GatewayDouble, communicator: APICommunicator
) -> None:
    communicator.post(PIN, records(1))
    headers = gateway.requests[0][1]
    assert headers["Content-Type"] == "application/vnd.kafka.json.v2+json"
    assert headers["x-api-key"] == KEY
    assert headers["Accept-Encoding"] == "identity"


def test_one_connection_is_kept_over_many_posts(gateway: GatewayDouble, communicator: APICommunicator) -> None:
    for position in range(20):
        communicator.post(PIN, records(position))
    [pool] = communicator._gateway.session.adapters[gateway.url].poolmanager.pools._container.values()
    assert (pool.num_connections, pool.num_requests) == (1, 20)


def test_records_that_are_no_json_go_as_bytes_in_a_request_of_their_own(
    gateway: GatewayDouble, communicator: APICommunicator
) -> None:
    batch = [*records(1), Record(2, None, b'{"cut', is_json=False), *records(3)]
    outcome = communicator.post(PIN, batch)
    assert positions(outcome.acknowledged) == [1, 2, 3]
    assert gateway.values("pin") == [{"index": 1}, {"index": 3}, b'{"cut']
    assert gateway.requests[1][1]["Content-Type"] == "application/vnd.kafka.binary.v2+json"


def test_what_was_taken_is_not_sent_again_while_bytes_wait_for_their_own_request(
    gateway: GatewayDouble, communicator: APICommunicator
) -> None:
    waiting = [{2: (2, "Retriable"), 3: (2, "Retriable")}]
    gateway.verdict = lambda record: waiting[0].pop(record.get("key"), None)
    communicator.post(PIN, [*records(1, 2, 3), Record(4, None, b"{'cut", is_json=False)])
    assert gateway.keys("pin") == [1, 2, 3, None]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_tried_again(gateway: GatewayDouble, communicator: APICommunicator, status: int) -> None:
    gateway.answers += [(status, "{}", {}), (status, "not even json", {})]
    assert positions(communicator.post(PIN, records(1, 2)).acknowledged) == [1, 2]
    assert len(gateway.requests) == 3


def test_a_reset_connection_is_tried_again(gateway: GatewayDouble, communicator: APICommunicator) -> None:
    gateway.answers += [RESET, RESET]
    assert positions(communicator.post(PIN, records(1)).acknowledged) == [1]
    assert gateway.keys("pin") == [1]


def test_a_lost_answer_posts_the_records_again(gateway: GatewayDouble, communicator: APICommunicator) -> None:
    gateway.answers.append(LOST)
    assert positions(communicator.post(PIN, records(1)).acknowledged) == [1]
    assert gateway.keys("pin") == [1, 1]


def test_a_throttled_request_waits_as_long_as_it_is_told(gateway: GatewayDouble, communicator: APICommunicator) -> None:
    gateway.answers.append((429, '{"message":"Too Many Requests"}', {"Retry-After": "1"}))
    began = time.monotonic()
    communicator.post(PIN, records(1))
    assert time.monotonic() - began >= 1.0


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert retry_after_seconds("7") == 7.0
    in_a_minute = retry_after_seconds(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    assert in_a_minute is not None
    assert 57 < in_a_minute <= 60
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after_seconds(None) is retry_after_seconds("soon") is None


def test_asked_to_wait_longer_than_allowed_it_gives_up_at_once(
    gateway: GatewayDouble, communicator: APICommunicator
) -> None:
    gateway.answers.append((429, '{"message":"Too Many Requests"}', {"Retry-After": "3600"}))
    began = time.monotonic()
    with pytest.raises(GaveUpError, match=r"wait 3600 s.*--rate"):
        communicator.post(PIN, records(1))
    assert time.monotonic() - began < 2


def test_only_the_records_with_a_retriable_error_are_sent_again(
    gateway: GatewayDouble, communicator: APICommunicator
) -> None:
    gateway.verdict = refusing(2, (2, "Retriable"), (50003, "Retriable Kafka error"))
    outcome = communicator.post(PIN, records(1, 2, 3))
    assert positions(outcome.acknowledged) == [1, 2, 3]
    assert gateway.keys("pin") == [1, 3, 2]
    assert [count for _, _, count in gateway.requests] == [3, 1, 1]


@pytest.mark.parametrize("code", [1, 50002, 40301])
def test_a_record_refused_for_itself_is_told_and_not_sent_again(
    gateway: GatewayDouble, communicator: APICommunicator, code: int
) -> None:
    gateway.verdict = refusing(2, (code, "The message is too large"))
    outcome = communicator.post(PIN, records(1, 2, 3))
    assert positions(outcome.acknowledged) == [1, 3]
    assert [(record.position, reason) for record, reason in outcome.refused] == [
        (2, f"{code}: The message is too large")
    ]
    assert outcome.unsent == []
    assert len(gateway.requests) == 1


def test_giving_up_tells_what_became_of_each_record(gateway: GatewayDouble) -> None:
    gateway.verdict = lambda record: {2: (2, "Retriable"), 3: (1, "too large")}.get(record["key"])
    outcome = BatchOutcome()
    with (
        APICommunicator(gateway.url, SecretStr(KEY), USER_ID, policy=IMPATIENT) as communicator,
        pytest.raises(GaveUpError, match="Kafka did not take 1 of 1 records"),
    ):
        communicator.post(PIN, records(1, 2, 3), outcome)
    assert positions(outcome.acknowledged) == [1]
    assert positions([record for record, _ in outcome.refused]) == [3]
    assert positions(outcome.unsent) == [2]


def test_giving_up_keeps_cause_status_and_body(gateway: GatewayDouble) -> None:
    gateway.answers += [SERVER_ERROR] * 1000
    communicator = APICommunicator(gateway.url, SecretStr(KEY), USER_ID, policy=IMPATIENT)
    with pytest.raises(GaveUpError, match="sandbox status") as caught:
        communicator.post(PIN, records(1))
    assert (caught.value.status, caught.value.excerpt) == (500, '{"message":"Internal server error"}')
    assert isinstance(caught.value.__cause__, GatewayError)
    assert len(gateway.requests) > 2


def test_nobody_at_the_address_is_given_up_with_the_address(free_port: int) -> None:
    communicator = APICommunicator(f"http://127.0.0.1:{free_port}/x", SecretStr(KEY), USER_ID, policy=IMPATIENT)
    with pytest.raises(GaveUpError, match=rf"127\.0\.0\.1.*{free_port}.*Connection refused.*sandbox env"):
        communicator.post(PIN, records(1))


def test_each_failure_that_is_tried_again_is_told(gateway: GatewayDouble) -> None:
    notices: list[str] = []
    gateway.answers += [SERVER_ERROR, RESET]
    APICommunicator(gateway.url, SecretStr(KEY), USER_ID, policy=QUICK, notice=notices.append).post(PIN, records(1))
    assert len(notices) == 2
    assert "Try 2 in" in notices[0]
    assert "500" in notices[0]
    assert "Try 3 in" in notices[1]


def test_a_stop_ends_the_waiting_at_once(gateway: GatewayDouble) -> None:
    gateway.answers += [(503, "{}", {"Retry-After": "50"})] * 10
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    communicator = APICommunicator(gateway.url, SecretStr(KEY), USER_ID, policy=RetryPolicy(), stop=stop)
    began = time.monotonic()
    with pytest.raises(GaveUpError, match="stopped"):
        communicator.post(PIN, records(1))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("status", "body", "error", "mending"),
    [
        (403, '{"message":"Missing Authentication Token"}', WrongPathError, "API_INVOKE_URL.*deploy the stage"),
        (403, '{"message":"Forbidden"}', ApiKeyRefusedError, "API_KEY.*sandbox env"),
        (403, '{"error_code":40301,"message":"Not authorized"}', RequestRefusedError, "rights on the topic"),
        (404, '{"error_code":40401,"message":"Topic not found."}', UnknownTopicError, "kafka-topics --list"),
        (404, "<html>not found</html>", WrongPathError, "API_INVOKE_URL"),
        (415, '{"error_code":415}', RequestRefusedError, "content type.*aws/api.yaml"),
        (422, '{"error_code":42201}', RequestRefusedError, "form.*aws/api.yaml"),
        (400, '{"message":"Invalid request body"}', RequestRefusedError, "validation"),
        (429, '{"message":"Limit Exceeded"}', QuotaExceededError, "usage plan"),
        (301, "", RequestRefusedError, "redirects"),
        (200, "<html>a captive portal</html>", UnexpectedAnswerError, "no REST proxy's"),
        (200, '{"offsets":[]}', UnexpectedAnswerError, "should list 1 offsets"),
    ],
)
def test_an_answer_that_no_later_try_changes_is_an_error_at_once_that_says_what_mends_it(
    gateway: GatewayDouble,
    communicator: APICommunicator,
    status: int,
    body: str,
    error: type[GatewayError],
    mending: str,
) -> None:
    gateway.answers.append((status, body, {"Location": "http://127.0.0.1:9/"} if status == 301 else {}))
    outcome = BatchOutcome()
    with pytest.raises(error, match=mending) as caught:
        communicator.post(PIN, records(1), outcome)
    assert (type(caught.value), caught.value.status) == (error, status)
    assert len(gateway.requests) == 1
    assert positions(outcome.unsent) == [1]


def test_a_body_that_is_too_large_is_halved_until_it_passes(
    gateway: GatewayDouble, communicator: APICommunicator
) -> None:
    too_large = (413, '{"message":"Request Too Long"}', {})
    gateway.answers += [too_large, too_large]
    assert positions(communicator.post(PIN, records(*range(8))).acknowledged) == list(range(8))
    assert [count for _, _, count in gateway.requests] == [8, 4, 2, 2, 4]


def test_a_single_record_that_is_too_large_is_refused_for_itself(
    gateway: GatewayDouble, communicator: APICommunicator
) -> None:
    gateway.answers += [(413, "{}", {})] * 2
    outcome = communicator.post(PIN, records(1, 2))
    assert [record.position for record, _ in outcome.refused] == [1]
    assert positions(outcome.acknowledged) == [2]


def test_the_key_is_in_no_repr_and_no_error(gateway: GatewayDouble, communicator: APICommunicator) -> None:
    gateway.answers.append((400, f'{{"message":"bad header x-api-key: {KEY}"}}', {}))
    with pytest.raises(RequestRefusedError) as caught:
        communicator.post(PIN, records(1))
    connection = communicator._gateway
    shown = f"{communicator!r} {connection!r} {connection.session!r} {caught.value} {caught.value!r}"
    assert KEY not in shown + caught.value.excerpt
    assert "***" in caught.value.excerpt


@pytest.mark.parametrize("key", ["two words\n", " leading", "schlüssel"])
def test_a_key_no_header_can_carry_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(SettingsError, match="API_KEY") as caught:
        APICommunicator("http://127.0.0.1:1", SecretStr(key), USER_ID)
    assert key.strip() not in str(caught.value)


@pytest.mark.parametrize("url", ["127.0.0.1:8082", "ftp://host/x", "https://"])
def test_an_invoke_url_that_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="API_INVOKE_URL must begin with"):
        APICommunicator(url, SecretStr(KEY), USER_ID)


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    gateway: GatewayDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with APICommunicator(gateway.url, SecretStr(KEY), USER_ID, policy=IMPATIENT) as communicator:
        assert positions(communicator.post(PIN, records(1)).acknowledged) == [1]


def test_settings_make_a_communicator_and_missing_ones_are_named(gateway: GatewayDouble) -> None:
    settings = Settings(api_invoke_url=gateway.url + "/", api_key=SecretStr(KEY), user_id=USER_ID)
    with APICommunicator.from_settings(settings) as communicator:
        communicator.post(PIN, records(1))
    assert gateway.keys("pin") == [1]
    with pytest.raises(SettingsError, match="API_KEY"):
        APICommunicator.from_settings(settings.model_copy(update={"api_key": None}))
