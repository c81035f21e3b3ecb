"""Records that were fetched from Kafka and not given to the client yet."""

from collections import deque
from collections.abc import Container

from confluent_kafka import Message

from sandbox.servers.rest_proxy.embedded_records import size

# A partition: its topic and its number.
Place = tuple[str, int]


def place_of(message: Message) -> Place:
    """The partition a message came from."""
    return str(message.topic()), int(message.partition() or 0)


class Fetched:
    """A queue of messages that knows how many bytes of keys and values it holds."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def first(self) -> Message:
        """The oldest message; the queue must have one."""
        return self._messages[0]

    def add(self, message: Message) -> None:
        """Put a message at the end."""
        self._messages.append(message)
        self.bytes += size(message)

    def take(self) -> Message:
        """Remove the oldest message."""
        message = self._messages.popleft()
        self.bytes -= size(message)
        return message

    def drop(self, places: Container[Place]) -> None:
        """Forget the messages of these partitions."""
        kept = [message for message in self._messages if place_of(message) not in places]
        self._messages = deque(kept)
        self.bytes = sum(map(size, kept))
