"""No queue at all: signs and posts the deliveries of a JSON file with aiohttp.

`python -m tests.bench.bare FILE PORT [CONCURRENCY]` prints posts per second, and the concurrency; without one the best
of a few, tried on a part of the file, is taken.
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

CONCURRENCIES = (64, 128, 256)
TRIED = 2000  # deliveries


async def post_all(deliveries: list[dict[str, str]], port: int, concurrency: int) -> float:
    """Post everything to the port; returns posts per second."""
    left = iter(deliveries)
    url = f"http://127.0.0.1:{port}/leads"
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
                async with session.post(url, data=one["body"].encode(), headers=headers) as answer:
                    answer.raise_for_status()
                    await answer.read()

        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(concurrency)))
        return len(deliveries) / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    deliveries, port = json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2])

    def rate(concurrency: int, some: list[dict[str, str]]) -> float:
        return uvloop.run(post_all(some, port, concurrency))

    if len(sys.argv) > 3:
        best = int(sys.argv[3])
    else:
        rate(CONCURRENCIES[0], deliveries[:TRIED])
        best = max(CONCURRENCIES, key=lambda each: rate(each, deliveries[:TRIED]))
    print(rate(best, deliveries), best)


if __name__ == "__main__":
    main()
