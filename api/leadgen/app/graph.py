"""Meta's Graph API: a post of Meta only names its leads, so their answers are fetched from there.

    GET {META_GRAPH_URL}/{leadgen_id}?access_token=…&appsecret_proof=…
    200 {"id": "…", "created_time": "…", "field_data": [{"name": "email", "values": ["…"]}, …]}

https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving
"""

import asyncio
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Self
from urllib.parse import quote

import structlog
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar

from leadgen.answer import BoundedConnector, TooMuch
from leadgen.app.json_text import check_object, decode_utf8
from leadgen.app.problems import Problem

AT_ONCE = 16  # connections of one process
LONGEST_REPLY = 262_144  # bytes; a lead's answers are a few kilobytes
LONGEST_BODY = LONGEST_REPLY + 65_536  # bytes as they come: with what frames them as chunks
NO_TIMEOUT = ClientTimeout(total=None, sock_connect=None)  # the deadline covers all of it

log = structlog.get_logger()


class NotFetchedError(Exception):
    """The answer is not a lead. The message says why, in words of ours: theirs may quote the token."""


class GraphApi:
    """Fetches leads over pooled connections. Use as an async context manager."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds

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

    async def fetch(self, ids: Iterable[str], token: str, proof: str | None) -> dict[str, str]:
        """The leads as JSON, by id, those left out that did not come within the deadline, which is one for all."""
        secrets = {"access_token": token} | ({"appsecret_proof": proof} if proof else {})
        tasks = {lead_id: asyncio.create_task(self._fetch(lead_id, secrets)) for lead_id in set(ids)}
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.gather(*tasks.values(), return_exceptions=True)
        except TimeoutError:
            log.warning("lead not fetched", cause="timed out")
        return {lead_id: lead for lead_id, task in tasks.items() if (lead := _result(task)) is not None}

    async def _fetch(self, lead_id: str, secrets: dict[str, str]) -> str:
        url = f"{self._url}/{quote(lead_id, safe='')}"
        async with self._session.get(url, params=secrets, allow_redirects=False) as response:
            if response.status != HTTPStatus.OK:
                raise NotFetchedError(f"status {response.status}, error {await _read_error(response)}")
            try:
                text = decode_utf8(await _read(response))
                check_object(text)
            except Problem:
                raise NotFetchedError("not a JSON object") from None
            if not isinstance(json.loads(text).get("field_data"), list):
                raise NotFetchedError("no field_data")
            return text


def _result(task: asyncio.Task[str]) -> str | None:
    if task.cancelled():
        return None
    error = task.exception()
    if error is None:
        return task.result()
    if not isinstance(error, NotFetchedError | TooMuch | ClientError | OSError | ValueError):
        raise error
    cause = str(error) if isinstance(error, NotFetchedError) else type(error).__name__
    log.warning("lead not fetched", cause=cause)
    return None


async def _read(response: ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LONGEST_REPLY:
            raise NotFetchedError("the reply is too long")
    return bytes(body)


async def _read_error(response: ClientResponse) -> int | None:
    """The code of a Graph API error (190: the token, 100: no such lead, or none that the token may see)."""
    try:
        code = json.loads(await _read(response))["error"]["code"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return code if isinstance(code, int) else None
