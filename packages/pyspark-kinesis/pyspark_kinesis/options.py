"""The options of the source, read and checked."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyspark_kinesis.errors import InvalidOptionError
from pyspark_kinesis.moments import milliseconds_of

TRIM_HORIZON, LATEST = "TRIM_HORIZON", "LATEST"
MOST_RECORDS_PER_FETCH = 10_000
DEFAULT_RECORDS_PER_TRIGGER = 100_000
# What only tunes the fetcher of Databricks, or names a consumer of its enhanced fan-out.
WITHOUT_EFFECT = (
    "coalesceBinSize", "coalesceThresholdBlockSize", "consumerName", "consumerNamePrefix", "consumerRefreshInterval",
    "fetchBufferSize", "maxFetchDuration", "maxFetchRate", "maxPartitions", "maxShardsPerDescribe", "minFetchPeriod",
    "registeredConsumerId", "registeredConsumerIdType", "requireConsumerDeregistration", "shardFetchInterval",
    "shardsPerTask",
)  # fmt: skip
WITH_EFFECT = (
    "awsAccessKey", "awsSecretKey", "awsSessionToken", "consumerMode", "endpoint", "failOnDataLoss", "initialPosition",
    "maxRecordsPerFetch", "maxRecordsPerTrigger", "region", "roleArn", "roleExternalId", "roleSessionName",
    "streamARN", "streamName", "stsEndpoint",
)  # fmt: skip
_NAMES = {name.lower(): name for name in WITH_EFFECT + WITHOUT_EFFECT}
_STREAM_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}$")
_STREAM_ARN = re.compile(r"arn:[a-z0-9-]+:kinesis:([a-z0-9-]+):\d{12}:stream/([a-zA-Z0-9_.-]{1,128})$")


@dataclass(frozen=True, slots=True)
class StreamId:
    """A stream as the options name it; `arn` is None where they give its name only."""

    name: str
    arn: str | None = None

    @property
    def arguments(self) -> dict[str, str]:
        """How a request names it."""
        return {"StreamARN": self.arn} if self.arn else {"StreamName": self.name}


@dataclass(frozen=True, slots=True)
class Keys:
    """AWS keys of the options. Their text is nowhere in a repr."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Role:
    """A role to take on before Kinesis is asked."""

    arn: str
    session_name: str
    external_id: str | None = field(default=None, repr=False)
    sts_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """The options as the source uses them.

    Attributes:
        streams: what is read.
        position: where a new query begins: `TRIM_HORIZON`, `LATEST`, or a moment in milliseconds since 1970.
        region, endpoint: where Kinesis is; None for what the AWS profile says.
        records_per_fetch: most records of one GetRecords.
        records_per_trigger: most records of one batch.
        fail_on_data_loss: whether it is an error that unread records may have left the stream.
        keys, role: None for what the AWS environment gives.
    """

    streams: tuple[StreamId, ...]
    position: str | int = LATEST
    region: str | None = None
    endpoint: str | None = None
    records_per_fetch: int = MOST_RECORDS_PER_FETCH
    records_per_trigger: int = DEFAULT_RECORDS_PER_TRIGGER
    fail_on_data_loss: bool = True
    keys: Keys | None = None
    role: Role | None = None


def read_options(given: Mapping[str, str]) -> Options:
    """Read the options that Spark hands over; names in any case.

    Raises:
        InvalidOptionError: an option is unknown, missing, unreadable, or contradicts another.
    """
    values = {name.lower(): value for name, value in given.items()}
    for name in values:
        _require_known(name)
    if values.get("consumermode", "polling").lower() != "polling":
        raise InvalidOptionError("consumerMode can only be polling: this source has no enhanced fan-out. Leave it out.")
    streams = _streams(values)
    return Options(
        streams=streams,
        position=_position(values.get("initialposition", "latest")),
        region=values.get("region") or _region(streams),
        endpoint=_endpoint(values.get("endpoint")),
        records_per_fetch=_number(values, "maxRecordsPerFetch", MOST_RECORDS_PER_FETCH, MOST_RECORDS_PER_FETCH),
        records_per_trigger=_number(values, "maxRecordsPerTrigger", DEFAULT_RECORDS_PER_TRIGGER, 2**31 - 1),
        fail_on_data_loss=_flag(values, "failOnDataLoss", default=True),
        keys=_keys(values),
        role=_role(values),
    )


def _require_known(name: str) -> None:
    if name in _NAMES:
        return
    if name == "servicecredential":
        raise InvalidOptionError(
            "serviceCredential exists on Databricks only. Give awsAccessKey and awsSecretKey, or roleArn, or none of "
            "them for the credentials of the AWS profile."
        )
    near = difflib.get_close_matches(name, _NAMES, n=1)
    hint = f"Did you mean {_NAMES[near[0]]}?" if near else f"Known are {', '.join(sorted(_NAMES.values()))}."
    raise InvalidOptionError(f"The kinesis source has no option {name}. {hint}")


def _streams(values: Mapping[str, str]) -> tuple[StreamId, ...]:
    names, arns = _listed(values.get("streamname")), _listed(values.get("streamarn"))
    if bool(names) == bool(arns):
        raise InvalidOptionError("Give exactly one of streamName and streamARN; several streams apart by commas.")
    streams = tuple(map(_named, names)) + tuple(map(_of_arn, arns))
    if len({stream.name for stream in streams}) < len(streams):
        raise InvalidOptionError("streamName or streamARN has a stream twice: each may stand there once.")
    return streams


def _listed(value: str | None) -> list[str]:
    return [item.strip() for item in (value or "").split(",") if item.strip()]


def _named(name: str) -> StreamId:
    if not _STREAM_NAME.match(name):
        raise InvalidOptionError(f"streamName {name!r} is no name of a stream: letters, digits, _ . - only, up to 128.")
    return StreamId(name)


def _of_arn(arn: str) -> StreamId:
    if not (found := _STREAM_ARN.match(arn)):
        raise InvalidOptionError(f"streamARN {arn!r} is not of the form arn:aws:kinesis:REGION:ACCOUNT:stream/NAME.")
    return StreamId(found.group(2), arn)


def _region(streams: tuple[StreamId, ...]) -> str | None:
    regions = {stream.arn.split(":")[3] for stream in streams if stream.arn}
    if len(regions) > 1:
        raise InvalidOptionError(
            f"streamARN names several regions ({', '.join(sorted(regions))}): one query reads one."
        )
    return regions.pop() if regions else None


def _position(value: str) -> str | int:
    word = value.strip().upper()
    if word in ("EARLIEST", TRIM_HORIZON):
        return TRIM_HORIZON
    if word == LATEST:
        return LATEST
    try:
        told = json.loads(value)
        return milliseconds_of(told["at_timestamp"], told.get("format"))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise InvalidOptionError(
            f"initialPosition {value!r} cannot be read ({error}). It is latest, earliest, trim_horizon, or "
            '{"at_timestamp": "06/25/2020 10:23:45 PDT", "format": "MM/dd/yyyy HH:mm:ss ZZZ"}; '
            "without a format, ISO 8601."
        ) from error


def _endpoint(value: str | None) -> str | None:
    return value if not value or "://" in value else f"https://{value}"


def _number(values: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = values.get(name.lower(), str(default)).strip()
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise InvalidOptionError(f"{name} {text!r} cannot be used: give a whole number from 1 to {most}.")
    return int(text)


def _flag(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = values.get(name.lower(), str(default)).strip().lower()
    if text not in ("true", "false"):
        raise InvalidOptionError(f"{name} {text!r} cannot be used: give true or false.")
    return text == "true"


def _keys(values: Mapping[str, str]) -> Keys | None:
    access, secret, token = (values.get(name) for name in ("awsaccesskey", "awssecretkey", "awssessiontoken"))
    if bool(access) != bool(secret) or (token and not access):
        raise InvalidOptionError(
            "awsAccessKey and awsSecretKey go together, and awsSessionToken goes with them: give all, or none of them "
            "for the credentials of the AWS profile."
        )
    return Keys(access, secret, token or None) if access and secret else None


def _role(values: Mapping[str, str]) -> Role | None:
    arn = values.get("rolearn")
    if not arn:
        if left := [_NAMES[n] for n in ("roleexternalid", "rolesessionname", "stsendpoint") if values.get(n)]:
            raise InvalidOptionError(f"{', '.join(left)} without roleArn has no meaning: give roleArn too.")
        return None
    name = values.get("rolesessionname") or "pyspark-kinesis"
    return Role(arn, name, values.get("roleexternalid") or None, _endpoint(values.get("stsendpoint")))
