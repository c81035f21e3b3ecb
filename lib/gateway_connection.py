"""One kept connection to the deployed stage of an API: sends requests, tries again, and gives up in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter

from lib.errors import GaveUpError, RequestRefusedError, SettingsError
from lib.gateway_answers import RetriableAnswerError
from lib.retry_policy import Notice, RetryPolicy

CONNECT_SECONDS = 5.0
# Amazon's gateway ends every integration after 29 seconds: whoever waits longer waits for nothing.
READ_SECONDS = 30.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

Answer = TypeVar("Answer")


class GatewayConnection:
    """A session with the key of the API. Not safe to share by threads.

    Attributes:
        base: the invoke URL, without a slash at its end.
        secret: the key's text, for whoever quotes an answer and must cut it out.
        session: the session of `requests`.
    """

    def __init__(
        self, invoke_url: str, api_key: SecretStr | None, policy: RetryPolicy, stop: threading.Event, notice: Notice
    ) -> None:
        """Prepare; nothing is sent yet. SettingsError if `invoke_url` is no http(s) address, or the key no header."""
        self.base = _checked_url(invoke_url)
        self.secret = _checked_key(api_key)
        self.session = _session(self.base, self.secret)
        self._policy = policy
        self._stop = stop
        self._notice = notice

    def __repr__(self) -> str:
        return f"GatewayConnection({self.base!r})"

    def close(self) -> None:
        """Close the connection."""
        self.session.close()

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> requests.Response:
        """Send one request, whatever the answer; RetriableAnswerError if there is none."""
        url = self.base + path
        try:
            return self.session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,  # a redirect would turn the POST into a GET, and carry the key elsewhere
            )
        except requests.exceptions.SSLError as error:
            raise RequestRefusedError(f"The gateway's certificate is refused: {_root(error)}.", url=url) from error
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise RetriableAnswerError(f"The gateway does not answer ({_root(error)}).", url=url) from error

    def trying(self, path: str, attempt: Callable[[], Answer]) -> Answer:
        """What `attempt` returns, called again after each RetriableAnswerError; GaveUpError after the policy's time.

        Each failure that will be tried again is told to `notice`, with `path`.
        """
        told = urlsplit(self.base + path).path
        retrying = self._policy.retrying(RetriableAnswerError, self._stop, lambda text: self._notice(f"{told}: {text}"))
        try:
            return retrying(attempt)
        except RetriableAnswerError as error:
            raise self._gave_up(error) from error

    def _gave_up(self, error: RetriableAnswerError) -> GaveUpError:
        stopped = "stopped" if self._stop.is_set() else f"{self._policy.give_up_after:g} s were not enough"
        asked = f" It asks to wait {error.retry_after:g} s." if error.retry_after else ""
        message = (
            f"Gave up ({stopped}): {error}{asked} See `sandbox status` and `sandbox logs api-gateway`, "
            f"compare API_INVOKE_URL ({self.base}) with `sandbox env`; if it throttles, use --rate."
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
    session.headers["Accept-Encoding"] = "identity"
    if secret:
        session.headers["x-api-key"] = secret
    return session


def _root(error: BaseException) -> str:
    """The innermost fact of a connection error: requests and urllib3 wrap it several times."""
    reason = getattr(error.args[0], "reason", error.args[0]) if error.args else error
    return str(reason).split(": ", 1)[-1] if "object at 0x" in str(reason) else str(reason)
