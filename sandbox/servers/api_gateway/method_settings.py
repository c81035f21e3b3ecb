"""The settings of a stage's methods: `*/*` for all of them, `RESOURCE/VERB` for one.

Patched as `/{resource}/{verb}/throttling/rateLimit` and so on; source: "Patch operations", UpdateStage, in the API
Gateway API reference. Limits of -1 switch a throttle off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.servers.api_gateway.patches import Patch, flag
from sandbox.servers.aws.errors import BadRequestError, NotImplementedOperationError

Settings = dict[str, dict[str, Any]]
LOGGING_LEVELS = ("OFF", "ERROR", "INFO")
DEFAULTS: dict[str, Any] = {
    "metricsEnabled": False,
    "loggingLevel": "OFF",
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10_000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}


def _whole(text: str | None) -> int:
    return int(_limit(text))


def _limit(text: str | None) -> float:
    try:
        limit = float(str(text))
    except ValueError:
        limit = -2.0
    if not -1 <= limit <= 1e9:
        raise BadRequestError(f"Invalid method setting value: {text}")
    return limit


def _level(text: str | None) -> str:
    if text not in LOGGING_LEVELS:
        raise BadRequestError(f"Invalid logging level specified. Valid options are {','.join(LOGGING_LEVELS)}")
    return text


def _caching(text: str | None) -> bool:
    if flag(text):
        raise NotImplementedOperationError("Caches of stages are not served here")
    return False


# The last two parts of a patch path, the field that they set, and how its value is read.
FIELDS: dict[str, tuple[str, Callable[[str | None], Any]]] = {
    "metrics/enabled": ("metricsEnabled", flag),
    "logging/loglevel": ("loggingLevel", _level),
    "logging/dataTrace": ("dataTraceEnabled", flag),
    "throttling/burstLimit": ("throttlingBurstLimit", _whole),
    "throttling/rateLimit": ("throttlingRateLimit", _limit),
    "caching/enabled": ("cachingEnabled", _caching),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", _whole),
    "caching/dataEncrypted": ("cacheDataEncrypted", flag),
    "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", flag),
    "caching/unauthorizedCacheControlHeaderStrategy": ("unauthorizedCacheControlHeaderStrategy", str),
}


def method_name(key: str) -> str:
    """A method as settings and throttles name it (`/streams/{name}/GET`, `~1streams~1{name}/GET`), without its slashes
    at the start and the end: `streams/{name}/GET`."""
    path, _, verb = key.rpartition("/")
    return f"{path.replace('~1', '/').replace('~0', '~').strip('/')}/{verb}"


def is_method_setting(patch: Patch, settings: Settings) -> bool:
    """Whether a patch of a stage is one of a method's settings."""
    path = str(patch.get("path")).removeprefix("/")
    if patch.get("op") == "remove":
        return path in settings or path.rpartition("/")[2] in ("*", "ANY") or path.rpartition("/")[2].isupper()
    return patch.get("op") == "replace" and "/".join(path.split("/")[-2:]) in FIELDS and path.count("/") >= 3


def change(settings: Settings, patch: Patch) -> None:
    """Carry out a patch that `is_method_setting`. Raises `BadRequestError` as Amazon does."""
    path = patch["path"].removeprefix("/")
    if patch["op"] == "remove":
        if path not in settings:
            raise BadRequestError(
                f"Cannot remove method setting {path} because there is no method setting for this method "
            )
        del settings[path]
        return
    *key, group, name = path.split("/")
    field, read = FIELDS[f"{group}/{name}"]
    settings.setdefault("/".join(key), dict(DEFAULTS))[field] = read(patch.get("value"))
