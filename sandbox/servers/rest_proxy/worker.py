"""A thread of its own for calls that block, so that they hold up nothing but each other."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

_Given = TypeVar("_Given")


class Worker:
    """Runs calls one after another on a thread that starts with the first of them.

    The thread does not keep the process alive: a call that Kafka never answers dies with it.
    """

    def __init__(self, name: str) -> None:
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    async def call(self, function: Callable[[], _Given]) -> _Given:
        """Run a function on the thread; give what it returns, or raise what it raises."""
        if self._thread.ident is None:
            self._thread.start()
        future: Future[_Given] = Future()
        self._calls.put((future, function))
        return await asyncio.wrap_future(future)

    def stop(self) -> None:
        """End the thread after the calls made so far; none may follow."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            future, function = call
            # A caller that lost its patience has cancelled it.
            if future.set_running_or_notify_cancel():
                _settle(future, function)


def _settle(future: Future[_Given], function: Callable[[], _Given]) -> None:
    try:
        future.set_result(function())
    except Exception as error:
        future.set_exception(error)
