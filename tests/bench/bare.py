"""No queue at all: signs and posts the deliveries of a JSON file with aiohttp. `python -m tests.bench.bare FILE`

Prints posts per second.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from aiohttp import ClientSession, TCPConnector
from standardwebhooks.webhooks import Webhook

CONCURRENCY = 64  # as the worker's


async def post_all(deliveries: list[dict[str, str]]) -> float:
    """Post everything; returns posts per second."""
    left = iter(deliveries)
    async with ClientSession(connector=TCPConnector(limit=0)) as session:

        async def work() -> None:
            for one in left:
                now = datetime.now(UTC)
                headers = {
                    "content-type": "application/json",
                    "webhook-id": one["id"],
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": Webhook(one["secret"]).sign(one["id"], now, one["body"]),
                }
                async with session.post(one["target"], data=one["body"].encode(), headers=headers) as answer:
                    answer.raise_for_status()
                    await answer.read()

        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
        return len(deliveries) / (time.perf_counter() - start)


if __name__ == "__main__":
    print(uvloop.run(post_all(json.loads(Path(sys.argv[1]).read_text()))))
