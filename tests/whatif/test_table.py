"""The outcome of a what-if on the terminal."""

from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from leadgen.whatif import show_outcome
from whatif.outcomes import make_empty, make_identical, make_outcome

Json = dict[str, Any]
CHICAGO = ZoneInfo("America/Chicago")


def show(outcome: Json) -> list[str]:
    """The lines as they go down a pipe, spaces folded."""
    console = Console(file=StringIO(), width=100, highlight=False)
    console.print(show_outcome(outcome, CHICAGO))
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in "".join(lines)
    return [" ".join(line.split()) for line in lines]


def test_the_result_is_first_and_the_numbers_stand_side_by_side() -> None:
    lines = show(make_outcome())
    assert lines[0] == (
        "With weight 3 for Ace Plumbing, revenue +4.5 % (33,713.75 -> 35,239.50 USD), 12 leads fewer unsold"
    )
    assert (
        lines[1]
        == "Austin Emergency Plumbing, 2026-11-07 00:00 to 2026-11-21 00:00, America/Chicago, 1,034 leads"
    )
    assert lines[2] == "enrollments.7.weight = 3"
    for line in (
        "leads sold 748 760 +12",
        "revenue, USD 33,713.75 35,239.50 +1,525.75",
        "sold of the valid, % 89.3 90.7 +1.4",
        "Ace Plumbing 214 > 331 +117 9,630.00 > 15,840.50 +6,210.50 29 > 44 76 > -",
        "Zilker Drains 71 > 62 -9 3,150.00 > 2,884.00 -266.00 9 > 8 100 > 89",
        "cap_day 41 27 -14",
        "budget_month 0 2 +2",
    ):
        assert line in lines
    assert "Rejected, by code" not in lines, "nothing differs there"
    assert any(line.startswith("812 as it was, 171 to another buyer") for line in lines)
    assert any(line.startswith("4102 Ace Plumbing 45.00 not sold Ace Plumbing had spent") for line in lines)


@pytest.mark.parametrize("scale", [1, 1_000])
def test_large_numbers_are_not_cut(scale: int) -> None:
    outcome = make_outcome()
    row = outcome["buyers"][0]
    row["simulated"]["revenue"] *= scale
    row["simulated"]["sales"] *= scale
    line = next(line for line in show(outcome) if line.startswith("Ace Plum"))
    assert f"{row['simulated']['revenue']:,.2f}" in line
    assert f"{row['simulated']['sales']:,}" in line


def test_markup_in_names_is_shown_as_it_is() -> None:
    lines = "\n".join(show(make_outcome(offer="[bold]Offer[/bold]", changes={"routing": {"x": "[red]"}})))
    assert "[bold]Offer[/bold]" in lines
    assert "routing.x = [red]" in lines


def test_nothing_to_show_is_shown_without_empty_tables() -> None:
    lines = show(make_empty())
    assert lines[0] == "No lead came in this period"
    assert "By buyer, as it was > what-if" not in lines
    assert "Unsold or held, by cause" not in lines
    assert "Without any change the outcome is what happened, lead by lead" in show(make_identical())
