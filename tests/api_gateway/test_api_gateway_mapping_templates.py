"""Mapping templates and JSONPath as Amazon's reference describes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.servers.api_gateway.jsonpath import MISSING, compile_path
from sandbox.servers.api_gateway.mapping_template import MappingTemplate, TemplateFailedError
from sandbox.servers.api_gateway.payload import MalformedPayloadError, Payload
from sandbox.servers.api_gateway.velocity_values import HeaderMap, VelocityMap

BODY = json.dumps(
    {
        "text": 'it\'s "é"/',
        "map": {"a": 1, "list": [1, {"c": 2}], "none": None, "yes": True},
        "records": [{"partition-key": "k1", "data": {"x": 1}}, {"partition-key": "k2", "data": {"x": 2}}],
    },
    ensure_ascii=False,
).encode()


def context() -> VelocityMap:
    override = VelocityMap(status=0, header=VelocityMap())
    return VelocityMap(stage="dev", identity=VelocityMap(sourceIp="192.0.2.1"), responseOverride=override)


def render(template: str, body: bytes = BODY, held: VelocityMap | None = None) -> str:
    headers = HeaderMap({"content-type": "application/json", "x": "header"})
    params = VelocityMap(path=VelocityMap(x="path"), querystring=VelocityMap(x="query", q="2"), header=headers)
    return MappingTemplate(template).render(Payload(body), params, held or context(), {"name": "value"})


RENDERED = [
    ("$input.body", BODY.decode()),
    ("$input.json('$.map.list')", '[1,{"c":2}]'),
    ("$input.json('$.map.none')", "null"),
    ("$input.json('$.missing')", '""'),
    ("$input.json('$.records[1].data')", '{"x":2}'),
    ("$input.json('$.records[*].data.x')", "[1,2]"),
    ("$input.json(\"$.records[0]['partition-key']\")", '"k1"'),
    ("$input.path('$.map')", '{a=1, list=[1,{"c":2}], none=null, yes=true}'),
    ("$input.path('$.map').list", '[1,{"c":2}]'),
    ("$input.path('$.map').list[1].c", "2"),
    ("$input.path('$.records').size()", "2"),
    ("$input.path('$.missing')|", "|"),
    ("#set($root = $input.path('$'))$root.map.a", "1"),
    ("$input.params('x') $input.params('q')", "path 2"),
    ("$input.params('Content-Type')", "application/json"),
    ("$input.params().header.get('X') $input.params().querystring.x", "header query"),
    ("$input.params('missing')|", "|"),
    ("#foreach($kind in $input.params().keySet())$kind #end", "path querystring header "),
    ("$util.escapeJavaScript($input.path('$.text'))", 'it\\\'s \\"\\u00E9\\"\\/'),
    ('$util.escapeJavaScript("it\'s").replaceAll("\\\\\'","\'")', "it's"),
    ('$util.parseJson(\'{"a": {"b": 3}}\').a.b', "3"),
    ("$util.urlEncode('a b&c') $util.urlDecode('a+b%26c')", "a+b%26c a b&c"),
    ("$util.base64Encode('hi') $util.base64Decode('aGk=')", "aGk= hi"),
    ("$util.base64Decode($util.base64Encode($input.path('$.records[0].data')))", "{x=1}"),
    ("$context.stage $context.identity.sourceIp $context.missing|", "dev 192.0.2.1 |"),
    ("$stageVariables.name ${stageVariables.name} $stageVariables.missing|", "value value |"),
    ("#if($input.path('$.map').yes)yes#elseif(true)maybe#{else}no#end", "yes"),
    ("#set($n = 2)#set($m = $n * 3)$m", "6"),
    (
        "#foreach($e in $input.path('$.records'))$foreach.index/$foreach.count/$e.partition-key"
        "#if($foreach.hasNext),#end#end",
        "0/1/k1,1/2/k2",
    ),
    ("## a comment\nafter", "after"),
]


@pytest.mark.parametrize(("template", "expected"), RENDERED)
def test_a_template_renders(template: str, expected: str) -> None:
    assert render(template) == expected


def test_an_empty_body_is_an_empty_object() -> None:
    assert render("$input.body $input.json('$')", b"") == "{} {}"


def test_integers_of_any_length_stay_as_they_are() -> None:
    number = "123456789012345678901234567890"
    assert render("$input.json('$.n')", f'{{"n": {number}}}'.encode()) == number


def test_an_override_is_left_in_the_context() -> None:
    held = context()
    render("#set($context.responseOverride.status = 404)#set($context.responseOverride.header.X = 'y')", held=held)
    assert held["responseOverride"] == {"status": 404, "header": {"X": "y"}}


def test_a_template_that_was_rendered_renders_again() -> None:
    template = "#set($a = $input.json('$.n'))$a"
    assert [render(template, b'{"n": 1}'), render(template, b'{"n": 2}')] == ["1", "2"]


@pytest.mark.parametrize("template", ["#foreach(", "#set($a =", '#set($a = "'])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(TemplateFailedError):
        MappingTemplate(template)


@pytest.mark.parametrize(
    "template", ["$input.json('no path')", "$input.path('$.a[?')", "$util.base64Decode('?')", "$util.parseJson('{')"]
)
def test_a_template_that_fails_says_where(template: str) -> None:
    with pytest.raises(TemplateFailedError, match="in expression"):
        render(template)


@pytest.mark.parametrize("body", [b"{", b"text", b"[" * 100_000, b'{"a": NaN}', b"\xff"])
def test_json_that_is_asked_of_a_body_that_is_none_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayloadError):
        render("$input.json('$')", body)


def test_a_body_that_is_no_json_is_still_text() -> None:
    assert render("$input.body", b"text") == "text"


PATHS = [
    ("$", {"a": [1, {"b c": 2}]}),
    ("$.a[1]['b c']", 2),
    ('$.a[1]["b c"]', 2),
    ("$.a[0]", 1),
    ("$..['b c']", [2]),
    ("$.a[*]", [1, {"b c": 2}]),
    ("$.a[9]", MISSING),
    ("$.a.b", MISSING),
    ("$.a[0].b", MISSING),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_a_path_finds(path: str, expected: Any) -> None:
    assert compile_path(path)({"a": [1, {"b c": 2}]}) == expected


NAMES = st.text(st.characters(categories=["L", "Nd"], include_characters="-_"), min_size=1, max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_input_json_is_the_same_json(value: Any) -> None:
    assert json.loads(render("$input.json('$')", json.dumps(value).encode())) == value


@given(st.text(max_size=20))
def test_base64_and_url_encoding_have_their_reverse(text: str) -> None:
    body = json.dumps({"t": text}).encode()
    twice = render("$util.base64Decode($util.base64Encode($input.path('$.t')))", body)
    assert twice == text
    assert render("$util.urlDecode($util.urlEncode($input.path('$.t')))", body) == text
