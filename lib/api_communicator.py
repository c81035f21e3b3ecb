"""APICommunicator: posts records through the API gateway to their destination, and knows what became of each."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

from lib.destination import Destination, RequestForm
from lib.entities import Entity
from lib.gateway_answers import PayloadTooLargeError, RetriableAnswerError
from lib.gateway_connection import GatewayConnection
from lib.kafka_topics import KafkaTopics
from lib.records import Record
from lib.retry_policy import Notice, RetryPolicy
from lib.settings import Settings


@dataclass(slots=True)
class BatchOutcome:
    """What became of the records of one batch; each record is in exactly one of the three.

    Attributes:
        acknowledged: in Kafka or Kinesis.
        refused: refused for themselves, each with the reason; sending them again will not help.
        unsent: neither; empty when `post` returns, what is left when it raises.
    """

    acknowledged: list[Record] = field(default_factory=list)
    refused: list[tuple[Record, str]] = field(default_factory=list)
    unsent: list[Record] = field(default_factory=list)


class APICommunicator:
    """Posts batches of records to the topic, or the stream, of their entity over one kept connection.

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
        destination: Destination | None = None,
        policy: RetryPolicy | None = None,
        stop: threading.Event | None = None,
        notice: Notice | None = None,
    ) -> None:
        """Prepare a session; nothing is sent yet.

        `destination` is Kafka's topics unless told otherwise. `stop`, once set, ends all waiting between tries;
        `notice` is told of each failure that will be tried again. SettingsError if `invoke_url` is no http(s) address.
        """
        patient, stop = policy or RetryPolicy(), stop or threading.Event()
        self._gateway = GatewayConnection(invoke_url, api_key, patient, stop, notice or (lambda _text: None))
        self._user_id = user_id
        self._destination = destination or KafkaTopics()

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        destination: Destination | None = None,
        policy: RetryPolicy | None = None,
        stop: threading.Event | None = None,
        notice: Notice | None = None,
    ) -> APICommunicator:
        """Communicator for API_INVOKE_URL, API_KEY and USER_ID; SettingsError if one is missing."""
        url, key, user_id = settings.require("api_invoke_url"), settings.require("api_key"), settings.require("user_id")
        return cls(url, key, user_id, destination=destination, policy=policy, stop=stop, notice=notice)

    def __repr__(self) -> str:
        return f"APICommunicator({self._gateway.base!r}, user_id={self._user_id!r})"

    def __enter__(self) -> APICommunicator:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._gateway.close()

    def prepare(self, entities: Sequence[Entity]) -> None:
        """Make the topics or streams of the entities ready, where the destination was asked to; GatewayErrors."""
        self._destination.prepare(
            self._gateway, [self._destination.target(entity, self._user_id) for entity in entities]
        )

    def post(self, entity: Entity, records: Sequence[Record], outcome: BatchOutcome | None = None) -> BatchOutcome:
        """Post the records, in the destination's order, until each is acknowledged or refused for itself.

        Raises a GatewayError if that cannot be reached: GaveUpError after the policy's time, the others at once. Then
        `outcome`, if the caller gave one, tells what had become of each record by then.
        """
        outcome = outcome if outcome is not None else BatchOutcome()
        outcome.unsent.extend(records)
        target = self._destination.target(entity, self._user_id)
        for form, group in self._destination.requests(records):
            self._deliver(form, target, group, outcome)
        return outcome

    def _deliver(self, form: RequestForm, target: str, records: list[Record], outcome: BatchOutcome) -> None:
        """Deliver records of one form; what is too large is halved until it passes, or is one record."""
        try:
            self._deliver_whole(form, target, records, outcome)
        except PayloadTooLargeError as error:
            left = _still(records, outcome.unsent)
            if len(left) == 1:
                _settle(outcome, refused=[(left[0], str(error))])
                return
            middle = len(left) // 2
            self._deliver(form, target, left[:middle], outcome)
            self._deliver(form, target, left[middle:], outcome)

    def _deliver_whole(self, form: RequestForm, target: str, records: list[Record], outcome: BatchOutcome) -> None:
        self._gateway.trying(
            form.path(target), lambda: self._try_once(form, target, _still(records, outcome.unsent), outcome)
        )

    def _try_once(self, form: RequestForm, target: str, records: list[Record], outcome: BatchOutcome) -> None:
        """One request; books every record that is settled by its answer, raises if some are to be tried again."""
        response = self._gateway.send(form.method, form.path(target), form.body(target, records), form.headers)
        answers = list(zip(records, form.verdicts(response, len(records), self._gateway.secret), strict=True))
        again = [verdict.error for _, verdict in answers if verdict.retriable]
        _settle(
            outcome,
            acknowledged=[record for record, verdict in answers if verdict.error is None],
            refused=[(record, verdict.error) for record, verdict in answers if verdict.error and not verdict.retriable],
        )
        if again:
            raise RetriableAnswerError(
                f"{self._destination.service} did not take {len(again)} of {len(answers)} records ({again[0]}).",
                url=response.url,
            )


def _still(records: list[Record], unsent: list[Record]) -> list[Record]:
    """Those of `records` that are still unsent."""
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
