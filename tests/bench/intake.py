"""What a lead costs: several ways to hand leads in, in turns, at several numbers of clients."""

from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from .lead import LEAD, submit_script
from .pgbench import Measured, measure
from .server import Bench

Subject = Callable[[int], Measured]  # by clients
Key = tuple[str, int]  # subject and clients
Results = dict[Key, list[Measured]]  # one each round


MOSTLY = 0.95
SOLD = "select avg((buyer_id is not null)::integer) from leadgen.leads where created_at > now() - interval '1 hour'"


class Spread(NamedTuple):
    """The median of the rounds, and the lowest and highest."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.middle:.2f}"
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


def measure_in_turns(subjects: dict[str, Subject], clients: tuple[int, ...], rounds: int) -> Results:
    """Each subject at each number of clients, once a round; every other round backwards."""
    results: Results = defaultdict(list)
    for turn in range(rounds):
        for count in clients:
            for name in list(subjects)[:: -1 if turn % 2 else 1]:
                results[name, count].append(subjects[name](count))
    return results


def spread(values: list[float]) -> Spread:
    """Median, lowest and highest."""
    return Spread(median(values), min(values), max(values))


def compare(results: Results, one: Key, other: Key, value: Callable[[Measured], float]) -> Spread:
    """One's value of the other's, round by round."""
    pairs = zip(results[one], results[other], strict=True)
    return spread([value(this) / value(that) for this, that in pairs])


def submit_subject(bench: Bench, database: str, seconds: int, lead: str = LEAD) -> Subject:
    """Calls of submit_lead by direct sessions."""
    script = submit_script(lead=lead)
    return lambda clients: measure(bench, database, script, clients, seconds, "leadgen_api")


def check_sold(bench: Bench, database: str) -> None:
    """Make sure that what was measured is leads that are sold. Raises RuntimeError."""
    with bench.connect(database) as admin:
        (share,) = admin.execute(SOLD).fetchone() or (0,)
    if share < MOSTLY:
        raise RuntimeError(f"only {share:.0%} of the leads that were handed in were sold")
