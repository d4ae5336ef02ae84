"""What every answer carries, whatever gave it: headers for browsers, and the id of its request.

A request keeps the id that the edge gave it (X-Request-Id from a proxy of TRUSTED_PROXIES), else it gets one here. The
id is in each line that we log of the request, in each problem, and in the answer.
"""

import re
from collections.abc import Iterable

from litestar.types import Scope

from leadgen.app.headers import Networks, read_address
from leadgen.app.request_ids import begin_request, make_request_id

REQUEST_ID = b"x-request-id"
WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,64}")

# A page of ours says what it needs itself; whatever else a browser is shown may do nothing and be framed by nobody.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}

RawHeaders = list[tuple[bytes, bytes]]

_RAW = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def add_security_headers(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """The headers of an answer, with those of every answer that it does not have itself."""
    given = list(headers)
    names = {name.lower() for name, _ in given}
    return given + [header for header in _RAW if header[0] not in names]


def open_request(scope: Scope, trusted: Networks) -> bytes:
    """Give a request its id, and return it."""
    request_id = _read_id(scope, trusted) or make_request_id()
    begin_request(request_id)
    return request_id.encode()


def _read_id(scope: Scope, trusted: Networks) -> str | None:
    """The id that a trusted proxy gave; None: it gave none, or one that is odd, or it is not trusted."""
    client = scope.get("client")
    address = read_address(client[0]) if client else None
    if address is None or not any(address in network for network in trusted):
        return None
    given = [value for name, value in scope["headers"] if name == REQUEST_ID]
    return given[0].decode() if len(given) == 1 and WELL_FORMED.fullmatch(given[0]) else None
