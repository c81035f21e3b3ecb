"""The pattern of a subscription: which topics' names it matches.

Java's regular expressions may take for ever over a name, and so may Python's, which stop every other request
meanwhile. RE2 takes a time in proportion to the name, within the memory it is given. Kafka's own brokers match patterns
with it (KIP-848, RE2/J). Of Java's syntax it lacks lookaround and backreferences, and refuses them.
"""

from collections.abc import Iterable

import re2

from sandbox.servers.rest_proxy.errors import ConstraintViolationError

# Topics' names have 249 characters at most; the time to compile is bounded by the pattern's length.
_MOST_CHARACTERS = 10_000
_OPTIONS = re2.Options()
_OPTIONS.max_mem = 1024 * 1024
_OPTIONS.log_errors = False


class TopicPattern:
    """A compiled pattern.

    Raises:
        ConstraintViolationError: it is empty, too long, or no regular expression that can be matched in time.
    """

    def __init__(self, text: str) -> None:
        if not text:
            raise ConstraintViolationError("Topic pattern to subscribe to cannot be empty")
        if len(text) > _MOST_CHARACTERS:
            raise ConstraintViolationError(f"topic_pattern is longer than {_MOST_CHARACTERS} characters")
        try:
            self._expression = re2.compile(text, options=_OPTIONS)
        except re2.error as error:
            reason = error.args[0].decode(errors="replace")
            raise ConstraintViolationError(f"topic_pattern is not a regular expression of RE2: {reason}") from None

    def matching(self, names: Iterable[str]) -> list[str]:
        """The names that match as a whole, sorted."""
        return sorted(name for name in names if self._expression.fullmatch(name))
