"""How every server is run: on one loopback port, until a signal."""

from __future__ import annotations

import signal
import sys
from typing import Any, Literal

import uvicorn

from sandbox.servers.whole_answers import WholeAnswers

# A client may leave its connection idle for so long and still find it open.
KEEP_ALIVE_SECONDS = 75


def serve(
    application: Any, host: str, port: int, shutdown_seconds: int, lifespan: Literal["auto", "on"] = "auto"
) -> None:
    """Run an ASGI application until SIGTERM or SIGINT; a clean stop ends with exit code 0.

    Args:
        application: the application.
        host: a loopback address.
        port: where it listens.
        shutdown_seconds: how long the requests under way have for their answers once a signal came.
        lifespan: `on` where a start that fails must end the server.
    """
    # uvicorn raises the signal that stopped it once more when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    uvicorn.run(
        application,
        host=host,
        port=port,
        loop="uvloop",
        http=WholeAnswers,
        ws="none",
        lifespan=lifespan,
        access_log=False,
        server_header=False,
        log_level="warning",
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=shutdown_seconds,
    )
