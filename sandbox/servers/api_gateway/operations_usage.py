"""Control plane: how much the keys of a usage plan were used."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.servers.api_gateway.pages import page
from sandbox.servers.api_gateway.quota import DAYS_KEPT, QuotaBook
from sandbox.servers.api_gateway.state import State
from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.rest_json import Params


def get_usage(quotas: QuotaBook, state: State, params: Params) -> Params:
    """By key, for each day of the range, its requests and what was left of the quota; keys that were not used are
    left out, and what was left where the plan has no quota."""
    plan = state.plan(params["usagePlanId"])
    days = _days(params["startDate"], params["endDate"])
    wanted = [key_id for key_id in plan["keyIds"] if params.get("keyId") in (None, key_id)]
    counters = [(key_id, quotas.counter(plan["id"], key_id, plan.get("quota"))) for key_id in wanted]
    used = [
        {"id": key_id, "usage": [counter.usage(day) for day in days]} for key_id, counter in counters if counter.days
    ]
    shown = page(used, params)
    dates = {"startDate": params["startDate"], "endDate": params["endDate"]}
    items = {item["id"]: item["usage"] for item in shown["items"]}
    return {**dates, "usagePlanId": plan["id"], "items": items, "position": shown.get("position")}


def _days(start: str, end: str) -> list[date]:
    first, last = _date(start), _date(end)
    if last < first:
        raise BadRequestError("Usage start date must not be after the end date")
    if last - first > DAYS_KEPT:
        raise BadRequestError(f"Usage may be asked for at most {DAYS_KEPT.days} days")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadRequestError(f"Invalid date: {text}; its form is YYYY-MM-DD") from error
