"""The checks of part 3: API Gateway and the Kafka REST proxy."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from lib.checks import Given, require, task

ROWS: list[dict[str, Any]] = [
    {"index": 7, "title": "A boat", "category": "art"},
    {"index": 11, "title": None, "category": "travel"},
]
MOMENTS = {
    datetime(2018, 3, 4, 5, 6, 7): "2018-03-04T05:06:07Z",
    datetime(2018, 3, 4, 5, 6, 7, 250_000): "2018-03-04T05:06:07.250000Z",
    datetime(2018, 3, 4, 5, 6, 8, tzinfo=UTC): "2018-03-04T05:06:08Z",
    datetime(2018, 3, 4, 0, 6, 7, tzinfo=timezone(timedelta(hours=2))): "2018-03-03T22:06:07Z",
}
COURSE_ROWS, TABLES, BATCH = 11_154, 3, 500


@task("3.1", "The deployed API leads to the REST proxy", "3-api-gateway.md#3-make-the-api")
def the_deployed_api_leads_to_the_proxy(given: Given) -> None:
    """`deployed_routes`: its methods."""
    found = [route for route in given["deployed_routes"] if route.path == "/{proxy+}"]
    require(found, "The API has no resource {proxy+}: compare it with `aws/api.yaml`.")
    route = found[0]
    require((route.method, route.integration) == ("ANY", "HTTP_PROXY"), "It must be ANY with an HTTP proxy behind it.")
    require(route.api_key, "The method asks for no API key: anybody could write to your topics.")


@task("3.2", "Your own API brings records to Kafka", "3-api-gateway.md#7-send-records")
def the_practice_api_brings_records(given: Given) -> None:
    """`practice_answer`: the answer to a request to it, of `body`."""
    answer = given["practice_answer"]
    require(answer.status_code == 200, f"It answered {answer.status_code}: {answer.text}")
    places: list[dict[str, Any]] = answer.json()["offsets"]
    require(len(places) == len(given["body"]["records"]), "It did not answer one offset for each record.")
    errors = [place["error"] for place in places if place.get("error_code") is not None]
    require(not errors, f"Records were refused: {'; '.join(map(str, errors))}.")


@task("3.3", "Every row is in Kafka", "3-api-gateway.md#check")
def every_row_is_in_kafka(given: Given) -> None:
    """`reports`: how far each entity has come."""
    reports = given["reports"]
    require({report.entity for report in reports} == {"pin", "geo", "user"}, "Post all three: pin, geo and user.")
    for report in reports:
        left, dead = report.total - report.taken, report.dead_lettered
        require(not left, f"{report.entity}: {left} rows are not posted yet. Run the cell again.")
        require(not dead, f"{report.entity}: {dead} rows are dead letters. Read why, then `streaming-batch --replay`.")


@task("3.4", "The body of a request", "3-api-gateway.md#7-send-records")
def the_body_of_a_request(given: Given) -> None:
    """`request_body`: from rows to the body for the REST proxy."""
    found = given["request_body"](ROWS)
    require(isinstance(found, dict), "It must return a dictionary. Does it end with `return`?")
    require(set(found) == {"records"}, "The body has one field, `records`.")
    require(len(found["records"]) == len(ROWS), "Each row is one record.")
    for record, row in zip(found["records"], ROWS, strict=True):
        require(set(record) == {"key", "value"}, "A record has the two fields `key` and `value`.")
        require(record["key"] == row["index"], "The key is the row's `index`, a number.")
        require(record["value"] == row, "The value is the whole row, the index too.")


@task("3.5", "Requests are counted", "3-api-gateway.md#7-send-records")
def requests_are_counted(given: Given) -> None:
    """`requests_needed`: for 11,154 rows of three tables, at most 500 a request."""
    needed = given["requests_needed"]
    require(needed == int(needed), "A request is sent or it is not: the number is whole.")
    per_table = -(-COURSE_ROWS // BATCH)
    require(needed != -(-TABLES * COURSE_ROWS // BATCH), "Each table goes by itself: its last request is not full.")
    require(needed != TABLES * (per_table - 1), "The last rows of a table need a request as well: round up.")
    require(needed == TABLES * per_table, "Reckon for one table, round up, and take it three times.")


@task("3.6", "A datetime that JSON can hold", "3-api-gateway.md#what-goes-wrong")
def a_datetime_that_json_can_hold(given: Given) -> None:
    """`json_value`: datetimes to ISO 8601 in UTC, anything else as it is."""
    json_value = given["json_value"]
    for moment, expected in MOMENTS.items():
        found = json_value(moment)
        require(found == expected, f"`json_value({moment!r})` is {found!r}: make it {expected!r}.")
    for other in ("2018", 7, 1.5, None, True):
        found = json_value(other)
        require(found == other and type(found) is type(other), f"`json_value({other!r})` is to stay as it is.")


@task("3.7", "What a join makes of repeats", "3-api-gateway.md#what-goes-wrong")
def a_join_of_repeats(given: Given) -> None:
    """`joined_rows`: how many rows the join of three tables with the draws' repeats has."""
    joined = given["joined_rows"]
    times = Counter(given["draws"]).values()
    require(joined != len(times), "That is the number of different posts: the join without repeats.")
    require(joined != sum(times), "That is the number of draws: the join makes more of them.")
    require(joined != sum(n**2 for n in times), "That is the join of two tables. There are three.")
    require(joined == sum(n**3 for n in times), "A post drawn n times is there n times in each table: n * n * n rows.")


@task("3.8", "A path of your own answers", "3-api-gateway.md#8-change-the-api-and-deploy-again")
def a_path_of_ones_own(given: Given) -> None:
    """`health`: the answer to GET /health of the practice API."""
    answer = given["health"]
    require(answer.url.startswith(given["practice_url"]), "Ask your own API: its address is `practice_url`.")
    require(answer.url.endswith("/health"), "The path is `/health`.")
    undeployed = "Is the API deployed since you made the resource?"
    require(answer.status_code == 200, f"It answered {answer.status_code}: {answer.text} {undeployed}")
    require(answer.json() == {"status": "up"}, f'The body is {answer.text!r}: make it {{"status": "up"}}.')
    require("x-api-key" not in answer.request.headers, "It is to answer without a key: send none.")
