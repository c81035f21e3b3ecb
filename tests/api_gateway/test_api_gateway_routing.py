"""Routing, against a slow oracle that tries every route and takes the most specific by definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.servers.api_gateway.routing import Router

PARTS = st.sampled_from(["a", "b", "c", "{x}"])
ROUTES = st.lists(st.tuples(st.lists(PARTS, max_size=3), st.booleans()), max_size=8)
REQUESTS = st.lists(st.sampled_from(["a", "b", "c", "d", "%61", "a%2Fb"]), max_size=4)


def path_of(parts: list[str], greedy: bool) -> str:
    return "/" + "/".join([*parts, "{proxy+}"] if greedy else parts)


def specificity(path: str) -> list[int]:
    """Position by position: fixed (0), variable (1), greedy (2); compared from the left."""
    return [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in path.split("/")[1:] if part]


def fits(path: str, request: list[str]) -> bool:
    parts = [part for part in path.split("/") if part]
    if parts and parts[-1].endswith("+}"):
        return len(request) >= len(parts) and fits("/".join(parts[:-1]), request[: len(parts) - 1])
    wanted = [part.replace("%61", "a") for part in request]
    return len(parts) == len(request) and all(
        part.startswith("{") or part == given for part, given in zip(parts, wanted, strict=True)
    )


@given(ROUTES, REQUESTS)
def test_the_most_specific_route_that_fits_is_taken(routes: list[tuple[list[str], bool]], request: list[str]) -> None:
    paths = {path_of(parts, greedy) for parts, greedy in routes}
    expected = min((path for path in paths if fits(path, request)), key=specificity, default=None)
    found = Router({path: path for path in paths}).match("/" + "/".join(request))
    assert (found.target if found else None) == expected


@given(st.lists(st.text("abc%/+ é", min_size=1).filter(lambda text: text.strip("/")), min_size=1, max_size=3))
def test_a_greedy_parameter_is_the_rest_of_the_path_as_it_stands(parts: list[str]) -> None:
    rest = "/".join(parts)
    found = Router({"/{proxy+}": "greedy"}).match("/" + rest)
    assert found is not None
    assert found.parameters == {"proxy": rest}


def test_variables_keep_the_clients_encoding() -> None:
    found = Router({"/t/{name}/p/{number}": "x"}).match("/t/a%20b/p/3/")
    assert found is not None
    assert found.parameters == {"name": "a%20b", "number": "3"}


def test_a_variable_takes_no_empty_part() -> None:
    assert Router({"/t/{name}/p": "x"}).match("/t//p") is None


def test_nothing_matches_an_empty_api() -> None:
    assert Router({}).match("/") is None
