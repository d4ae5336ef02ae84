"""How long and how often everything is measured."""

from collections.abc import Callable
from typing import NamedTuple

from rich.table import Table

CLIENTS = (1, 8, 16)
MOST = CLIENTS[-1]
Say = Callable[[str | Table], None]


class Plan(NamedTuple):
    """Of one run."""

    seconds: int
    rounds: int
    stored: int  # leads that are there before
    queued: int  # leads whose deliveries are queued
    profiled: int  # leads
    rehearsed: int  # leads
    singles: int  # leads


FULL = Plan(seconds=3, rounds=3, stored=200_000, queued=8000, profiled=2000, rehearsed=5000, singles=200)
QUICK = Plan(seconds=1, rounds=1, stored=20_000, queued=1600, profiled=500, rehearsed=1000, singles=40)
