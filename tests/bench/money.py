"""What it costs a lead that its buyer pays: `python -m tests.bench.money [--quick]`.

In one run, in turns: the same leads to buyers whose sales are not booked, are invoiced within a credit limit, or are
paid in advance; and leads of twenty offers that one buyer pays for, beside a hundred buyers. CPU time is the server's.
"""

import sys

from .catalogue import create_catalogue
from .intake import Subject, compare, measure_in_turns, submit_subject
from .plan import CLIENTS, FULL, MOST, QUICK
from .revision import working_tree
from .server import Bench, running_bench
from .stored import store_leads

BY_HAND, BOOKED = "set leadgen.is_booking = 'on'", "reset leadgen.is_booking"
NONE, INVOICED, PREPAID, SPREAD, HOT = "none", "invoiced", "prepaid", "buyers_100", "buyers_1"
PAY = "select leadgen.top_up(id, 90000000, 'bench:' || id) from leadgen.buyers where currency is not null order by id"
STATEMENTS = {
    NONE: ["update leadgen.buyers set billing_mode = 'none'"],
    INVOICED: ["update leadgen.buyers set billing_mode = 'invoiced', credit_limit = 99999999"],
    PREPAID: [BY_HAND, "update leadgen.buyers set billing_mode = 'prepaid', balance = 0", BOOKED, PAY],
}
# Buyers of their own take every lead of their offers, in turns.
TAKE_ALL = (
    "update leadgen.offer_exclusivities set is_active = false",
    "update leadgen.buyer_offers set is_active = false",
    "update leadgen.offers set routing_policy_id = 1",
    BY_HAND,
    "update leadgen.buyers set balance = 0",
    BOOKED,
    """
    insert into leadgen.buyers (name, email, phone, billing_mode)
    select 'Payer', 'payer' || n || '@buyer.example', '+15125550100', 'prepaid' from generate_series(1, {buyers}) n
    """,
    """
    insert into leadgen.buyer_offers (buyer_id, offer_id)
    select b.id, o.id from leadgen.offers o
    join leadgen.buyers b on b.name = 'Payer' and ({buyers} = 1 or b.id % 20 = o.id % 20)
    order by 1, 2
    """,
    """
    insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
    select bo.buyer_id, o.market_id, 'postal_code', '*'
    from leadgen.buyer_offers bo join leadgen.offers o on o.id = bo.offer_id where bo.is_active
    """,
    PAY,
    "vacuum analyze",
)


def create_payers(bench: Bench, name: str, buyers: int) -> None:
    """A copy in which these buyers alone take every lead, and have paid for all of them."""
    bench.create(name, "money")
    with bench.connect(name) as admin:
        for statement in TAKE_ALL:
            admin.execute(statement.format(buyers=buyers).encode())


def main() -> None:
    """Measure and print."""
    plan = QUICK if "--quick" in sys.argv[1:] else FULL
    with running_bench() as bench:
        create_catalogue(bench, "money", working_tree())
        store_leads(bench, "money", plan.stored)
        for name, statements in STATEMENTS.items():
            bench.create(name, "money")
            with bench.connect(name) as admin:
                for statement in statements:
                    admin.execute(statement.encode())
                admin.execute("vacuum analyze leadgen.buyers")
        create_payers(bench, SPREAD, 100)
        create_payers(bench, HOT, 1)
        modes: dict[str, Subject] = {name: submit_subject(bench, name, plan.seconds) for name in STATEMENTS}
        payers = {name: submit_subject(bench, name, plan.seconds) for name in (SPREAD, HOT)}
        booked = measure_in_turns(modes, CLIENTS, plan.rounds)
        paid = measure_in_turns(payers, CLIENTS, plan.rounds)
        with bench.connect(HOT) as admin:
            if broken := admin.execute(
                "select * from leadgen.verify_balances() where rule = 'balance_is_its_sum'"
            ).fetchall():
                raise RuntimeError(f"the books are not in order: {broken[:3]}")
    pairs = [(booked, INVOICED, NONE), (booked, PREPAID, NONE), (paid, HOT, SPREAD)]
    for clients in CLIENTS:
        for results, one, other in pairs:
            faster = compare(results, (one, clients), (other, clients), lambda measured: measured.rate)
            cpu = compare(results, (other, clients), (one, clients), lambda measured: measured.cpu)
            print(f"{one} / {other}, {clients} clients: leads a second {faster}, leads by CPU {cpu}")
    for results, name in ((booked, NONE), (booked, PREPAID), (paid, SPREAD), (paid, HOT)):
        print(f"{name}, {MOST} clients, last round: {results[name, MOST][-1]}")


if __name__ == "__main__":
    main()
