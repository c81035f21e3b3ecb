"""A clean stop on Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading
from types import FrameType


class StopSignal:
    """Turns SIGINT and SIGTERM into an event; the same signal a second time ends the process at once.

    Attributes:
        event: set as soon as a signal came.
        received: which one, None so far.
    """

    def __init__(self) -> None:
        """Nobody asked yet; `listen` takes the signals."""
        self.event = threading.Event()
        self.received: signal.Signals | None = None

    def listen(self) -> None:
        """Handle the signals of this process from now on; only the main thread may call this."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._asked)

    @property
    def exit_code(self) -> int | None:
        """128 + the signal's number, as a shell counts; None if there was none."""
        return None if self.received is None else 128 + self.received

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        self.event.set()
        signal.signal(number, signal.SIG_DFL)
