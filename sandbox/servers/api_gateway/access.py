"""Who may call which stage: the API keys of the usage plans that hold the stage, with their throttle and quota."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.servers.api_gateway.gateway_responses import INVALID_API_KEY, QUOTA_EXCEEDED, THROTTLED, Refused
from sandbox.servers.api_gateway.quota import QuotaBook, QuotaCounter
from sandbox.servers.api_gateway.state import State
from sandbox.servers.api_gateway.throttle import Buckets, TokenBucket


@dataclass(frozen=True)
class Grant:
    """What a key may do on a stage; no bucket where the plan sets no throttle."""

    key_id: str
    bucket: TokenBucket | None
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
                grant = self._grant(plan, key)
                for stage in plan["apiStages"]:
                    grants.setdefault((stage["apiId"], stage["stage"]), {})[key["value"].encode()] = grant
        self._grants = grants
        self._quotas.keep_only(state.plans)

    def admit(self, stage: tuple[str, str], value: bytes | None) -> Grant:
        """The grant of a key value on a stage, with one request taken from its limits. Raises `Refused`."""
        grant = self._grants.get(stage, {}).get(value or b"")
        if grant is None:
            raise Refused(INVALID_API_KEY, "no usage plan gives this API key access to the stage")
        if grant.bucket is not None and not grant.bucket.take():
            raise Refused(THROTTLED)
        if not grant.quota.take():
            raise Refused(QUOTA_EXCEEDED)
        return grant

    def _enabled_keys(self, state: State, plan: dict[str, Any]) -> list[dict[str, Any]]:
        """A plan may still name a key whose removal a kill -9 cut short."""
        keys = [state.keys[key_id] for key_id in plan["keyIds"] if key_id in state.keys]
        return [key for key in keys if key["enabled"]]

    def _grant(self, plan: dict[str, Any], key: dict[str, Any]) -> Grant:
        counter = self._quotas.counter(plan["id"], key["id"], plan.get("quota"))
        return Grant(key["id"], self._bucket(plan, key["id"]), counter)

    def _bucket(self, plan: dict[str, Any], key_id: str) -> TokenBucket | None:
        throttle = plan.get("throttle") or {}
        return self._buckets.get((plan["id"], key_id), throttle.get("rateLimit"), throttle.get("burstLimit"))
