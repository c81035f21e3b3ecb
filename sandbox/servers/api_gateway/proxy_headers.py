"""Which headers pass a proxy integration, which are dropped, and which are renamed.

Source: the table in "Amazon API Gateway important notes" (REST APIs) of the developer guide.
"""

from __future__ import annotations

from multidict import CIMultiDict

from sandbox.servers.api_gateway.invocation import Headers, Invocation

# Host is set to the back end's; Content-Length is made anew from the body.
DROPPED_FROM_REQUEST = frozenset(
    [
        b"connection", b"content-encoding", b"content-length", b"content-md5", b"expect", b"host", b"keep-alive",
        b"max-forwards", b"proxy-authenticate", b"server", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"via",
        b"www-authenticate", b"x-amzn-apigateway-api-id", b"x-amzn-trace-id", b"x-forwarded-for", b"x-forwarded-port",
        b"x-forwarded-proto",
    ]
)  # fmt: skip
DROPPED_FROM_RESPONSE = frozenset(
    [
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"via",
    ]
)
REMAPPED_IN_RESPONSE = {
    name.lower(): b"x-amzn-Remapped-" + name
    for name in [
        b"Authorization", b"Connection", b"Content-Length", b"Content-MD5", b"Date", b"Max-Forwards", b"Server",
        b"User-Agent", b"WWW-Authenticate", b"x-amz-apigw-id", b"x-amzn-RequestId",
    ]
}  # fmt: skip


def request_headers(invocation: Invocation) -> CIMultiDict[str]:
    """The headers of the outgoing request: the client's that pass, and those that Amazon adds."""
    outgoing: CIMultiDict[str] = CIMultiDict()
    forwarded_for = []
    for name, value in invocation.headers:
        if name not in DROPPED_FROM_REQUEST:
            outgoing.add(name.decode("latin-1"), _text(value))
        elif name == b"x-forwarded-for":
            forwarded_for.append(_text(value))
    outgoing.setdefault("User-Agent", f"AmazonAPIGateway_{invocation.api_id}")
    outgoing["X-Amzn-Apigateway-Api-Id"] = invocation.api_id
    outgoing["X-Amzn-Trace-Id"] = invocation.trace_id
    outgoing["X-Forwarded-For"] = ", ".join([*forwarded_for, invocation.client_ip])
    outgoing["X-Forwarded-Port"] = str(invocation.server_port)
    outgoing["X-Forwarded-Proto"] = "http"
    return outgoing


def response_headers(incoming: Headers) -> Headers:
    """The back end's headers as the client sees them, without the gateway's own."""
    outgoing = []
    for name, value in incoming:
        lower = name.lower()
        if lower not in DROPPED_FROM_RESPONSE:
            outgoing.append((REMAPPED_IN_RESPONSE.get(lower, name), value))
    return outgoing


def _text(value: bytes) -> str:
    """A header's value; the client to the back end writes it as UTF-8 again."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
