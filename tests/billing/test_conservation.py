"""Money is conserved, whatever is done in whatever order, PostgreSQL killed included.

Each step is held against a model in Python, and the books are proved after it (billing/books.py). MONEY_EXAMPLES=200
runs so many examples of each kind, longer ones: for a night.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from billing.books import Books
from billing.market import Ground, currencies
from doubles.stripe_api import Stripe, running_stripe
from leadgen.settings import Settings
from rig.cluster import Cluster, running_cluster
from rig.deploys import deploy_small

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "0"))


class Undone:
    """All of an example is one transaction, which is rolled back."""

    crashes = False

    def __init__(self, session: psycopg.Connection[Any]) -> None:
        self.session = session

    def open(self) -> psycopg.Connection[Any]:
        """A transaction that nobody commits."""
        self.session.execute("rollback")
        self.session.execute("begin")
        return self.session

    def close(self) -> None:
        """Nothing of it stays."""
        self.session.execute("rollback")

    def crash(self) -> psycopg.Connection[Any]:
        """Never."""
        raise NotImplementedError


class Doomed:
    """Each example has a database of its own, on a server that is killed and started again."""

    crashes = True

    def __init__(self, cluster: Cluster, template: str) -> None:
        self.cluster, self.template = cluster, template
        self.stack = ExitStack()
        self.url = ""

    def open(self) -> psycopg.Connection[Any]:
        """A session on a new database."""
        self.close()
        self.url = self.stack.enter_context(self.cluster.clone(self.template))
        return self.connect()

    def connect(self) -> psycopg.Connection[Any]:
        """A session that is closed with the example."""
        session = psycopg.connect(self.url, autocommit=True)
        self.stack.callback(session.close)
        return session

    def close(self) -> None:
        """The database is dropped."""
        self.stack.close()

    def crash(self) -> psycopg.Connection[Any]:
        """As when the machine loses its power: what was not committed is lost."""
        self.cluster.server.stop("immediate")
        self.cluster.server.start()
        return self.connect()


# What somebody may get wrong one day: a function, what it says, and what it would say. The sums of the ledger come out
# right all the same, so that `leadgen verify money` has nothing to find.
FAULTS = {
    "a payment is all in advance, whatever is owed": (
        "billing.split_money",
        "least(p_amount, greatest(v_buyer.receivable, 0))",
        "0",
    ),
    "what a bank takes back is owed, though it is there": (
        "billing.split_money",
        "p_amount + least(-p_amount, v_buyer.balance)",
        "p_amount",
    ),
    "a credit note leaves the tax open": (
        "billing.share_credit_note",
        "sum(l.amount + l.tax_amount)",
        "sum(l.amount)",
    ),
}


class Planted(Undone):
    """A function is wrong."""

    def __init__(self, session: psycopg.Connection[Any], function: str, right: str, wrong: str) -> None:
        super().__init__(session)
        self.function, self.right, self.wrong = function, right, wrong

    def open(self) -> psycopg.Connection[Any]:
        """With the fault in it."""
        session = super().open()
        row = session.execute("select pg_get_functiondef(%s::regproc)", [self.function]).fetchone()
        assert row
        assert self.right in row[0]
        session.execute(row[0].replace(self.right, self.wrong))
        return session


@pytest.fixture(scope="module")
def double() -> Iterator[Stripe]:
    """Stripe, for all examples."""
    with running_stripe() as running:
        yield running


@pytest.fixture(scope="module")
def doomed() -> Iterator[Doomed]:
    """A server of this file's own."""
    with running_cluster() as own:
        ground = Doomed(own, own.make_template("books", lambda url: deploy_small(url, Settings())))
        yield ground
        ground.close()


def explore(
    ground: Ground, double: Stripe, currency: str, examples: int, steps: int, *, is_random: bool = True
) -> None:
    """Play examples. To make a failing one smaller would take minutes."""
    market = type("Market", (Books,), {"ground": ground, "double": double, "currency": currency})
    chosen = settings(
        max_examples=EXAMPLES or examples,
        stateful_step_count=steps * 2 if EXAMPLES else steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        print_blob=True,
        derandomize=not is_random,
        database=None,
    )
    run_state_machine_as_test(market, settings=chosen)


@pytest.fixture
def session(module_database: str) -> Iterator[psycopg.Connection[Any]]:
    """What an example that failed has left is rolled back."""
    with closing(psycopg.connect(module_database, autocommit=True)) as made:
        yield made


@pytest.mark.parametrize("currency", currencies)
def test_every_cent_is_accounted_for(session: psycopg.Connection[Any], double: Stripe, currency: str) -> None:
    explore(Undone(session), double, currency, 7, 40)


def test_a_crash_loses_nothing_and_doubles_nothing(doomed: Doomed, double: Stripe) -> None:
    explore(doomed, double, "USD", 3, 30)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(session: psycopg.Connection[Any], double: Stripe, fault: str) -> None:
    with pytest.raises(AssertionError):
        explore(Planted(session, *FAULTS[fault]), double, "USD", 100, 30, is_random=False)
