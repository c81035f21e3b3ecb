"""APICommunicator: posts records through the API gateway to the Kafka REST proxy, and knows what became of each."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter

from lib.entities import Entity
from lib.errors import GaveUpError, RequestRefusedError, SettingsError
from lib.gateway_answers import PayloadTooLargeError, RetriableAnswerError, verdicts
from lib.records import Record
from lib.retry_policy import Notice, RetryPolicy
from lib.settings import Settings

JSON_TYPE = "application/vnd.kafka.json.v2+json"
BINARY_TYPE = "application/vnd.kafka.binary.v2+json"
CONNECT_SECONDS = 5.0
# Amazon's gateway ends every integration after 29 seconds: whoever waits longer waits for nothing.
READ_SECONDS = 30.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(slots=True)
class BatchOutcome:
    """What became of the records of one batch; each record is in exactly one of the three.

    Attributes:
        acknowledged: in Kafka.
        refused: refused for themselves, each with the reason; sending them again will not help.
        unsent: neither; empty when `post` returns, what is left when it raises.
    """

    acknowledged: list[Record] = field(default_factory=list)
    refused: list[tuple[Record, str]] = field(default_factory=list)
    unsent: list[Record] = field(default_factory=list)


class APICommunicator:
    """Posts batches of records to `{invoke_url}/topics/{USER_ID}.{entity}` over one kept connection.

    Connection errors, 429 and 5xx are tried again within the policy, and of an answered request only the records
    whose own answer is a retriable error. Not safe to share by threads: give each its own.

        with APICommunicator.from_settings(load_settings()) as communicator:
            outcome = communicator.post(PIN, records)
    """

    def __init__(
        self,
        invoke_url: str,
        api_key: SecretStr | None,
        user_id: str,
        *,
        policy: RetryPolicy | None = None,
        stop: threading.Event | None = None,
        notice: Notice | None = None,
    ) -> None:
        """Prepare a session; nothing is sent yet.

        `stop`, once set, ends all waiting between tries; `notice` is told of each failure that will be tried again.
        SettingsError if `invoke_url` is no http(s) address.
        """
        self._base = _checked_url(invoke_url)
        self._user_id = user_id
        self._secret = _checked_key(api_key)
        self._policy = policy or RetryPolicy()
        self._stop = stop or threading.Event()
        self._notice = notice or (lambda _text: None)
        self._session = _session(self._base, self._secret)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        policy: RetryPolicy | None = None,
        stop: threading.Event | None = None,
        notice: Notice | None = None,
    ) -> APICommunicator:
        """Communicator for API_INVOKE_URL, API_KEY and USER_ID; SettingsError if one is missing."""
        url, key, user_id = settings.require("api_invoke_url"), settings.require("api_key"), settings.require("user_id")
        return cls(url, key, user_id, policy=policy, stop=stop, notice=notice)

    def __repr__(self) -> str:
        return f"APICommunicator({self._base!r}, user_id={self._user_id!r})"

    def __enter__(self) -> APICommunicator:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def post(self, entity: Entity, records: Sequence[Record], outcome: BatchOutcome | None = None) -> BatchOutcome:
        """Post the records, in order, until each is acknowledged or refused for itself.

        Records that are no JSON go in a request of their own, after the others. Raises a GatewayError if that cannot
        be reached: GaveUpError after the policy's time, the others at once. Then `outcome`, if the caller gave one,
        tells what had become of each record by then.
        """
        outcome = outcome if outcome is not None else BatchOutcome()
        outcome.unsent.extend(records)
        url = f"{self._base}/topics/{entity.topic(self._user_id)}"
        for content_type, is_json in ((JSON_TYPE, True), (BINARY_TYPE, False)):
            group = [record for record in records if record.is_json is is_json]
            if group:
                self._deliver(url, content_type, group, outcome)
        return outcome

    def _deliver(self, url: str, content_type: str, records: list[Record], outcome: BatchOutcome) -> None:
        """Deliver records of one content type; a body that is too large is halved until it passes."""
        try:
            self._deliver_whole(url, content_type, records, outcome)
        except PayloadTooLargeError as error:
            left = _still(records, outcome.unsent)
            if len(left) == 1:
                _settle(outcome, refused=[(left[0], str(error))])
                return
            middle = len(left) // 2
            self._deliver(url, content_type, left[:middle], outcome)
            self._deliver(url, content_type, left[middle:], outcome)

    def _deliver_whole(self, url: str, content_type: str, records: list[Record], outcome: BatchOutcome) -> None:
        try:
            path = urlsplit(url).path
            retrying = self._policy.retrying(
                RetriableAnswerError, self._stop, lambda text: self._notice(f"{path}: {text}")
            )
            for attempt in retrying:
                with attempt:
                    self._try_once(url, content_type, _still(records, outcome.unsent), outcome)
        except RetriableAnswerError as error:
            raise self._gave_up(error) from error

    def _try_once(self, url: str, content_type: str, records: list[Record], outcome: BatchOutcome) -> None:
        """One request; books every record that is settled by its answer, raises if some are to be tried again."""
        response = self._send(url, content_type, records)
        answers = list(zip(records, verdicts(response, len(records), self._secret), strict=True))
        again = [verdict.error for _, verdict in answers if verdict.retriable]
        _settle(
            outcome,
            acknowledged=[record for record, verdict in answers if verdict.error is None],
            refused=[(record, verdict.error) for record, verdict in answers if verdict.error and not verdict.retriable],
        )
        if again:
            raise RetriableAnswerError(
                f"Kafka did not take {len(again)} of {len(answers)} records ({again[0]}).", url=url
            )

    def _send(self, url: str, content_type: str, records: list[Record]) -> requests.Response:
        body = b'{"records":[' + b",".join([record.as_request_item() for record in records]) + b"]}"
        try:
            return self._session.post(
                url,
                data=body,
                headers={"Content-Type": content_type},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,  # a redirect would turn the POST into a GET, and carry the key elsewhere
            )
        except requests.exceptions.SSLError as error:
            raise RequestRefusedError(f"The gateway's certificate is refused: {_root(error)}.", url=url) from error
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise RetriableAnswerError(f"The gateway does not answer ({_root(error)}).", url=url) from error

    def _gave_up(self, error: RetriableAnswerError) -> GaveUpError:
        stopped = "stopped" if self._stop.is_set() else f"{self._policy.give_up_after:g} s were not enough"
        asked = f" It asks to wait {error.retry_after:g} s." if error.retry_after else ""
        message = (
            f"Gave up ({stopped}): {error}{asked} See `sandbox status` and `sandbox logs api-gateway`, "
            f"compare API_INVOKE_URL ({self._base}) with `sandbox env`; if it throttles, use --rate."
        )
        return GaveUpError(message, url=error.url, status=error.status, excerpt=error.excerpt)


def _checked_url(invoke_url: str) -> str:
    parts = urlsplit(invoke_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("API_INVOKE_URL must begin with http:// or https:// and a host. `sandbox env` prints it.")
    return invoke_url.rstrip("/")


def _checked_key(api_key: SecretStr | None) -> str:
    """The key's text; checked here because requests quotes a header it cannot send."""
    secret = api_key.get_secret_value() if api_key else ""
    if not secret.isascii() or not secret.isprintable() or secret != secret.strip():
        raise SettingsError("API_KEY holds blanks or characters that no header can carry. `sandbox env` prints it.")
    return secret


def _session(base: str, secret: str) -> requests.Session:
    session = requests.Session()
    # A proxy set for the internet has no business between this machine and itself.
    session.trust_env = urlsplit(base).hostname not in LOOPBACK
    session.mount(base, HTTPAdapter(pool_connections=1, pool_maxsize=1))
    session.headers.update({"Accept": "application/vnd.kafka.v2+json, application/json", "Accept-Encoding": "identity"})
    if secret:
        session.headers["x-api-key"] = secret
    return session


def _still(records: list[Record], unsent: list[Record]) -> list[Record]:
    """Those of `records` that are still unsent."""
    if len(unsent) == len(records):
        return records
    open_positions = {record.position for record in unsent}
    return [record for record in records if record.position in open_positions]


def _settle(
    outcome: BatchOutcome,
    *,
    acknowledged: Sequence[Record] = (),
    refused: Sequence[tuple[Record, str]] = (),
) -> None:
    outcome.acknowledged.extend(acknowledged)
    outcome.refused.extend(refused)
    settled = {record.position for record in acknowledged} | {record.position for record, _ in refused}
    outcome.unsent = [record for record in outcome.unsent if record.position not in settled]


def _root(error: BaseException) -> str:
    """The innermost fact of a connection error: requests and urllib3 wrap it several times."""
    reason = getattr(error.args[0], "reason", error.args[0]) if error.args else error
    return str(reason).split(": ", 1)[-1] if "object at 0x" in str(reason) else str(reason)
