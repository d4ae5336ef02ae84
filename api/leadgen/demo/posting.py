"""Posting the leads over HTTP, and what came back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from leadgen.demo.leads import Posting
from leadgen.errors import LeadGenError


@dataclass(frozen=True)
class Answer:
    """What the API said to a posting."""

    posting: Posting
    status: int
    body: dict[str, Any]

    @property
    def lead_id(self) -> int | None:
        """The lead it speaks of, if any."""
        detail = self.body.get("detail")
        facts = detail if isinstance(detail, dict) else self.body
        return facts.get("lead_id")


async def post_leads(
    url: str, streams: list[list[Posting]], partner_key: str, on_answer: Callable[[], None]
) -> list[Answer]:
    """Post the streams side by side, each in its order; the answers are in the order of the numbers.

    Raises LeadGenError when the API does not answer, or not in JSON.
    """
    answers: list[Answer] = []

    async def post_stream(stream: list[Posting]) -> None:
        for posting in stream:
            answers.append(await post_lead(client, url, posting, partner_key))
            on_answer()

    async with aiohttp.ClientSession() as client:
        await asyncio.gather(*(post_stream(stream) for stream in streams))
    return sorted(answers, key=lambda answer: answer.posting.number)


async def post_lead(client: aiohttp.ClientSession, url: str, posting: Posting, partner_key: str) -> Answer:
    """Post one lead."""
    headers = {"Authorization": f"Bearer {partner_key}"} if posting.by_partner else {}
    if posting.idempotency_key:
        headers["Idempotency-Key"] = posting.idempotency_key
    try:
        async with client.post(f"{url}/api/leads", json=posting.payload, headers=headers) as answer:
            return Answer(posting, answer.status, await answer.json(content_type=None))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise LeadGenError(f"posting {posting.number} got no answer: {error!r}") from None
