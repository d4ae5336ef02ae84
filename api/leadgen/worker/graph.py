"""Meta's Graph API: a post of Meta only names its leads, so their answers are fetched from there.

    GET {META_GRAPH_URL}/{leadgen_id}?fields=…&access_token=…&appsecret_proof=…
    200 {"id": "…", "campaign_id": "…", "field_data": [{"name": "email", "values": ["…"]}, …], …}
    400 {"error": {"message": "…", "type": "OAuthException", "code": 190, "is_transient": false, …}}

https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any, NamedTuple, Self, TypedDict
from urllib.parse import quote

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar

from leadgen.answer import BoundedConnector, TooMuch
from leadgen.escapes import mend_text

AT_ONCE = 16  # connections of one process
LONGEST_REPLY = 262_144  # bytes; a lead's answers are a few kilobytes
LONGEST_BODY = LONGEST_REPLY + 65_536  # bytes as they come: with what frames them as chunks
NO_TIMEOUT = ClientTimeout(total=None, sock_connect=None)  # the deadline covers all of it

LEAD_FIELDS = (
    "id,created_time,form_id,is_organic,platform,partner_name,custom_disclaimer_responses,field_data"
)
AD_FIELDS = "ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name"
# A token without a right to the ads may still read the lead: 3 and 10 no permission, 100 no such field.
MAY_BE_THE_FIELDS = (3, 10, 100)
PERMISSIONS = range(200, 300)


class Fault(TypedDict, total=False):
    """Why a lead was not fetched, in words of ours: theirs may quote the token."""

    cause: str
    code: int | None  # of the Graph API
    is_transient: bool
    is_permanent: bool


class Lead(NamedTuple):
    """What the Graph API made of a request: the lead as JSON, or a fault."""

    document: str | None
    fault: Fault | None = None


class GraphApi:
    """Fetches leads over pooled connections. Use as an async context manager."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            connector=BoundedConnector(limit=AT_ONCE, longest_body=LONGEST_BODY),
            cookie_jar=DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=NO_TIMEOUT,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def fetch(self, lead_id: str, token: str, proof: str | None) -> Lead:
        """One lead, within the deadline. Without what is said of its ads, if the token may not read that."""
        secrets = {"access_token": token} | ({"appsecret_proof": proof} if proof else {})
        async with self._places:
            lead = await self._try(lead_id, {"fields": f"{LEAD_FIELDS},{AD_FIELDS}", **secrets})
            code = lead.fault.get("code") if lead.fault else None
            if code in MAY_BE_THE_FIELDS or code in PERMISSIONS:
                lead = await self._try(lead_id, {"fields": LEAD_FIELDS, **secrets})
        return lead

    async def _try(self, lead_id: str, query: dict[str, str]) -> Lead:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(lead_id, query)
        except TimeoutError:
            return Lead(None, Fault(cause="timed out"))
        except (TooMuch, ClientError, OSError) as error:
            return Lead(None, Fault(cause=type(error).__name__))

    async def _ask(self, lead_id: str, query: dict[str, str]) -> Lead:
        url = f"{self._url}/{quote(lead_id, safe='')}"
        async with self._session.get(url, params=query, allow_redirects=False) as response:
            body = await _read(response)
            if body is None:
                return Lead(None, Fault(cause="the reply is too long"))
            if response.status != HTTPStatus.OK:
                return Lead(None, _read_error(response.status, body))
            try:
                lead = _read_object(body)
                document = json.dumps(lead, allow_nan=False)
            except (ValueError, RecursionError):
                return Lead(None, Fault(cause="not a JSON object"))
            if not isinstance(lead.get("field_data"), list):
                return Lead(None, Fault(cause="no field_data"))
            return Lead(mend_text(document))


async def _read(response: ClientResponse) -> bytes | None:
    """The body; None: it is too long."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LONGEST_REPLY:
            return None
    return bytes(body)


def _read_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises ValueError for anything else, and for repeated keys."""

    def read_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(members)) < len(members):
            raise ValueError("a repeated key")
        return found

    value = json.loads(body.decode("utf-8"), object_pairs_hook=read_members)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _read_error(status: int, body: bytes) -> Fault:
    """The fault in a reply that is an error (190: the token, 100: no such lead, or none that the token may see)."""
    try:
        error = json.loads(body)["error"]
        code, is_transient = error["code"], error.get("is_transient") is True
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        code, is_transient = None, False
    if not isinstance(code, int) or isinstance(code, bool) or abs(code) >= 2**31:
        return Fault(cause=f"status {status}")
    return Fault(cause=f"status {status}, error {code}", code=code, is_transient=is_transient)
