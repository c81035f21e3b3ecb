"""The Kafka clients of a connector: an admin for all of it, and for each task a consumer and a producer."""

from typing import cast

from confluent_kafka import Consumer, Message, Producer
from confluent_kafka.admin import AdminClient

from sandbox.servers.msk_connect.records import Headers, Record

# Small queues: a task holds at most flush.size records of each open file, and this much unread.
_PREFETCH_KIB = 1024
_FETCH_BYTES = 1024 * 1024
_RECONNECT_MS = 1000
_TRANSACTION_MS = 30_000


def _shared(settings: dict[str, str], client_id: str) -> dict[str, str | int | float | bool]:
    """What all clients have; the id, as Kafka Connect gives it, stands in the lines that librdkafka logs."""
    return {
        **settings,
        "client.id": client_id,
        "reconnect.backoff.max.ms": _RECONNECT_MS,
        # With the default, librdkafka 2.16 forgets the only broker when it dies, and a call that was under way for it
        # (send_offsets_to_transaction) never returns, whatever its timeout.
        "metadata.recovery.strategy": "none",
        "log.connection.close": False,
    }


def admin(settings: dict[str, str], connector: str) -> AdminClient:
    """Make a connector's admin client; threads may share it."""
    return AdminClient(_shared(settings, f"connector-adminclient-{connector}"))


def consumer(settings: dict[str, str], group: str, connector: str, task: int) -> Consumer:
    """Make a consumer for partitions assigned by hand; it reads what is committed and never commits by itself."""
    return Consumer(
        {
            **_shared(settings, f"connector-consumer-{connector}-{task}"),
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": _PREFETCH_KIB,
            "fetch.max.bytes": _FETCH_BYTES,
            "topic.metadata.refresh.interval.ms": 30_000,
        }
    )


def producer(settings: dict[str, str], transactional_id: str, connector: str, task: int) -> Producer:
    """Make a transactional producer; of two with the same id only the younger can commit."""
    return Producer(
        {
            **_shared(settings, f"connector-producer-{connector}-{task}"),
            "transactional.id": transactional_id,
            "transaction.timeout.ms": _TRANSACTION_MS,
            "linger.ms": 0,
            # The broker's limit counts, not the client's: whatever came in may go to the dead-letter topic.
            "message.max.bytes": 64 * 1024 * 1024,
        }
    )


def to_record(message: Message) -> Record:
    """Take a message apart. A consumed message has an offset, which the client's types do not know."""
    return Record(
        offset=cast(int, message.offset()),
        key=message.key(),
        value=message.value(),
        timestamp_ms=max(message.timestamp()[1], 0),
        headers=cast(Headers, message.headers() or []),
    )
