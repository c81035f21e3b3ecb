"""Who may call which stage: the API keys of the usage plans that hold the stage, with their throttles and quota.

A plan's throttle of a method stands in place of its throttle of all of them; what a stage sets for its methods comes
after either. Source: "Throttle requests to your REST APIs for better throughput in API Gateway".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.servers.api_gateway.gateway_responses import INVALID_API_KEY, QUOTA_EXCEEDED, THROTTLED, Refused
from sandbox.servers.api_gateway.method_settings import method_name
from sandbox.servers.api_gateway.quota import QuotaBook, QuotaCounter
from sandbox.servers.api_gateway.state import State
from sandbox.servers.api_gateway.throttle import Buckets, TokenBucket


@dataclass(frozen=True)
class Grant:
    """What a key may do on a stage; `bucket` is for the methods without one of their own, None for no throttle."""

    key_id: str
    bucket: TokenBucket | None
    method_buckets: Mapping[str, TokenBucket]
    quota: QuotaCounter


class AccessTable:
    """Grants by stage and key value, made anew from the definitions after each change; limits keep their fill."""

    def __init__(self, quotas: QuotaBook) -> None:
        self._quotas = quotas
        self._buckets = Buckets()
        self._grants: dict[tuple[str, str], dict[bytes, Grant]] = {}

    def rebuild(self, state: State) -> None:
        """Follow the definitions."""
        grants: dict[tuple[str, str], dict[bytes, Grant]] = {}
        for plan in state.plans.values():
            for key in self._enabled_keys(state, plan):
                for stage in plan["apiStages"]:
                    known = grants.setdefault((stage["apiId"], stage["stage"]), {})
                    known[key["value"].encode()] = self._grant(plan, key, stage)
        self._grants = grants
        self._quotas.keep_only(state.plans)

    def admit(self, stage: tuple[str, str], value: bytes | None, method: str) -> Grant:
        """The grant of a key value on a stage, with one request of a method taken from its limits.

        `method` is the method's `method_name`. Raises `Refused`.
        """
        grant = self._grants.get(stage, {}).get(value or b"")
        if grant is None:
            raise Refused(INVALID_API_KEY, "no usage plan gives this API key access to the stage")
        bucket = grant.method_buckets.get(method, grant.bucket)
        if bucket is not None and not bucket.take():
            raise Refused(THROTTLED)
        if not grant.quota.take():
            raise Refused(QUOTA_EXCEEDED)
        return grant

    def _enabled_keys(self, state: State, plan: dict[str, Any]) -> list[dict[str, Any]]:
        """A plan may still name a key whose removal a kill -9 cut short."""
        keys = [state.keys[key_id] for key_id in plan["keyIds"] if key_id in state.keys]
        return [key for key in keys if key["enabled"]]

    def _grant(self, plan: dict[str, Any], key: dict[str, Any], stage: dict[str, Any]) -> Grant:
        owner = (plan["id"], key["id"])
        of_methods = {}
        for method, throttle in (stage.get("throttle") or {}).items():
            bucket = self._bucket((*owner, stage["apiId"], stage["stage"], method), throttle)
            if bucket is not None:
                of_methods[method_name(method)] = bucket
        counter = self._quotas.counter(*owner, plan.get("quota"))
        return Grant(key["id"], self._bucket(owner, plan.get("throttle") or {}), of_methods, counter)

    def _bucket(self, of: tuple[str, ...], throttle: dict[str, Any]) -> TokenBucket | None:
        return self._buckets.get(of, throttle.get("rateLimit"), throttle.get("burstLimit"))
