"""The sentences and numbers of a what-if."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from leadgen.whatif.words import headline, percent, period, points, sales_of, side_by_side, signed, totals
from whatif.outcomes import make_empty, make_identical, make_outcome

CHICAGO = ZoneInfo("America/Chicago")


def test_the_headline_says_what_changed_and_what_it_does() -> None:
    assert headline(make_outcome()) == (
        "With weight 3 for Ace Plumbing, revenue +4.5 % (33,713.75 -> 35,239.50 USD), 12 leads fewer unsold"
    )


def test_two_changes_are_named_and_many_are_counted() -> None:
    two = make_outcome(changes={"routing": {"strategy": "weighted", "max_buyers": 2}})
    assert headline(two).startswith("With strategy weighted and max buyers 2, revenue")
    many = make_outcome(changes={"routing": {"caps": dict.fromkeys("abcde", 1)}})
    assert headline(many).startswith("With 5 changes, revenue")


def test_a_what_if_without_changes_says_whether_history_is_reproduced() -> None:
    assert headline(make_identical()) == "Without any change the outcome is what happened, lead by lead"
    assert headline(make_outcome(changes={})) == "Without any change the outcome differs from what happened"


def test_a_change_without_effect_says_so() -> None:
    outcome = make_identical() | {"changes": {"routing": {"strategy": "weighted"}}}
    assert headline(outcome) == "With strategy weighted, nothing would have been different"


def test_nothing_to_compare_with_divides_by_nothing() -> None:
    outcome = make_outcome()
    outcome["actual"] |= {"revenue": 0}
    outcome["simulated"] |= {"unsold": 87}
    assert headline(outcome).endswith("revenue (0.00 -> 35,239.50 USD), 1 lead more unsold")
    outcome["simulated"] |= {"revenue": 0, "unsold": 86}
    assert headline(outcome).endswith("revenue stays at 0.00 USD, 12 sales more")
    outcome["simulated"] |= {"sales": 748, "held": 6}
    assert headline(outcome).endswith("revenue stays at 0.00 USD, 2 leads more held")
    outcome["simulated"] |= {"held": 4}
    assert headline(outcome).endswith("revenue stays at 0.00 USD, as many leads sold")
    assert headline(make_empty()) == "No lead came in this period"


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (12, ",", "+12"),
        (-1234, ",", "-1,234"),
        (0, ",", "0"),
        (Decimal("-0.04"), ".1f", "0.0"),
        (Decimal("0.00"), ",.2f", "0.00"),
    ],
)
def test_a_difference_has_a_sign_unless_it_is_nothing(value: int | Decimal, form: str, text: str) -> None:
    assert signed(value, form) == text


def test_shares() -> None:
    assert (percent(Decimal("0.8926")), percent(None)) == ("89.3 %", "")
    assert (points(Decimal("0.5"), Decimal("0.525")), points(None, Decimal(1))) == ("+2.5", "")


def test_counts_of_both_sides_stand_in_one_row_the_largest_first() -> None:
    assert side_by_side({"a": 1, "b": 7}, {"c": 3, "b": 2}) == [("b", 7, 2), ("c", 0, 3), ("a", 1, 0)]


def test_sales_are_a_total_of_their_own_only_where_leads_are_shared() -> None:
    assert "sales" not in [row[0] for row in totals(make_outcome())]
    shared = make_outcome()
    shared["simulated"]["sales"] = 1_500
    assert ("sales", "748", "1,500", "+752") in totals(shared)


def test_cost_and_margin_are_totals_only_where_sources_are_paid() -> None:
    assert "margin, USD" not in [row[0] for row in totals(make_outcome())]
    paid = make_outcome()
    paid["actual"] |= {"cost": 1000, "margin": 32713.75}
    paid["simulated"] |= {"cost": 1200.5, "margin": 34039}
    assert ("cost, USD", "1,000.00", "1,200.50", "+200.50") in totals(paid)
    assert ("margin, USD", "32,713.75", "34,039.00", "+1,325.25") in totals(paid)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2026-11-07T06:00:00+00:00", "2026-11-21T06:00:00+00:00", "2026-11-07 00:00 to 2026-11-21 00:00"),
        # The night in which the clocks go back: midnight is UTC-5 before and UTC-6 after.
        ("2026-10-31T05:00:00+00:00", "2026-11-02T06:00:00+00:00", "2026-10-31 00:00 to 2026-11-02 00:00"),
        ("2026-11-07T06:00:00+00:00", "2026-11-21T00:30:00+00:00", "2026-11-07 00:00 to 2026-11-20 18:30"),
    ],
)
def test_a_period_is_shown_in_the_markets_zone(start: str, end: str, text: str) -> None:
    assert period({"from": start, "to": end}, CHICAGO) == f"{text}, America/Chicago"


def test_money_has_the_decimals_of_its_currency() -> None:
    yen = make_outcome(currency="JPY")
    assert "revenue +4.5 % (33,714 -> 35,240 JPY)" in headline(yen)
    assert ("revenue, JPY", "33,714", "35,240", "+1,526") in totals(yen)
    assert sales_of([{"buyer": "Ace", "price": Decimal("4500.00")}], "JPY") == "Ace 4,500"
    assert sales_of([{"buyer": "Ace", "price": Decimal("45.5")}], "USD") == "Ace 45.50"
    assert sales_of([], "USD") == "not sold"  # a rejected lead is not unsold
