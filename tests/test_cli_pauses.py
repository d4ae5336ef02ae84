"""`leadgen buyers pause` and `resume`: by the market's clock or with an offset, in all offers or in one."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from leadgen.cli.buyers import describe_buyer
from rig.catalogue import Catalogue

Market = psycopg.Connection
Run = Callable[..., Any]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a database with Ann, who buys plumbing in Austin and, on the clock of New York, a second offer."""
    with psycopg.connect(database, autocommit=True) as connection:
        catalogue = Catalogue(connection)
        drains = catalogue.add_offer(name="Austin Drains")
        catalogue.enroll(drains, 1, timezone="America/New_York")
        connection.execute("set timezone = 'UTC'")
        yield connection


def read_pauses(market: Market) -> list[tuple[str | None, str | None]]:
    """The pause of each enrollment, as text in UTC."""
    query = "select pause_from::text, pause_until::text from leadgen.buyer_offers order by id"
    return market.execute(query).fetchall()


def test_a_time_without_an_offset_is_by_the_clock_of_each_enrollment(market: Market, run: Run) -> None:
    done = run("buyers", "pause", "1", "--from", "2999-12-24", "--until", "2999-12-27T18:00")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "enrollment 1 in austin-plumbing is paused from 2999-12-24 00:00 America/Chicago (06:00 UTC)"
        " until 2999-12-27 18:00 America/Chicago (2999-12-28 00:00 UTC)",
        "enrollment 2 in austin-drains is paused from 2999-12-24 00:00 America/New_York (05:00 UTC)"
        " until 2999-12-27 18:00 America/New_York (23:00 UTC)",
    ]
    assert read_pauses(market) == [
        ("2999-12-24 06:00:00+00", "2999-12-28 00:00:00+00"),
        ("2999-12-24 05:00:00+00", "2999-12-27 23:00:00+00"),
    ]


def test_a_time_with_an_offset_is_that_time(market: Market, run: Run) -> None:
    done = run("buyers", "pause", "1", "--offer", "austin-plumbing", "--until", "2999-12-27T00:00Z")
    assert done.stderr == (
        "enrollment 1 in austin-plumbing is paused from now"
        " until 2999-12-26 18:00 America/Chicago (2999-12-27 00:00 UTC)\n"
    )
    assert read_pauses(market) == [(None, "2999-12-27 00:00:00+00"), (None, None)]


def test_a_pause_without_an_end_lasts_until_it_is_resumed(market: Market, run: Run) -> None:
    done = run("buyers", "pause", "1")
    assert (
        done.stderr.splitlines()[0]
        == "enrollment 1 in austin-plumbing is paused from now until it is resumed"
    )
    assert read_pauses(market) == [(None, "infinity")] * 2
    done = run("buyers", "resume", "1", "--offer", "austin-drains")
    assert done.stderr == "enrollment 2 in austin-drains is resumed\n"
    assert read_pauses(market) == [(None, "infinity"), (None, None)]
    done = run("buyers", "resume", "1")
    assert done.stderr.splitlines() == [
        "enrollment 1 in austin-plumbing is resumed",
        "enrollment 2 in austin-drains was not paused",
    ]


def test_a_pause_from_a_time_that_has_passed_begins_now(market: Market, run: Run) -> None:
    done = run("buyers", "pause", "1", "--offer", "austin-plumbing", "--from", "2020-01-01")
    assert done.stderr == "enrollment 1 in austin-plumbing is paused from now until it is resumed\n"
    assert read_pauses(market)[0] == (None, "infinity")


@pytest.mark.parametrize(
    ("pauses", "state"),
    [
        ([()], "active, paused in 1 of 2 offers"),
        ([(), ()], "paused until it is resumed"),
        ([("--until", "2999-12-27T18:00Z")] * 2, "paused in 2 of 2 offers"),
        ([("--from", "2999-12-24"), ()], "active, paused in 1 of 2 offers, pause planned in 1 of 2 offers"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("market")
def test_the_list_of_buyers_shows_pauses(pauses: list[tuple[str, ...]], state: str, run: Run) -> None:
    assert state_of_ann(run) == "active"
    for offer, options in zip(("austin-plumbing", "austin-drains"), pauses, strict=False):
        assert run("buyers", "pause", "1", "--offer", offer, *options).returncode == 0
    assert state_of_ann(run) == state


def test_the_pause_of_an_only_enrollment_is_by_its_clock(market: Market, run: Run) -> None:
    market.execute("update leadgen.buyer_offers set is_active = false where id = 2")
    run("buyers", "pause", "1", "--until", "2999-12-27T18:00Z")
    assert state_of_ann(run) == "paused until 2999-12-27 12:00 America/Chicago"
    run("buyers", "pause", "1", "--from", "2999-12-24")
    assert state_of_ann(run) == "active, pause planned from 2999-12-24 00:00 America/Chicago"
    (ann, _) = json.loads(run("buyers", "--json").stdout)
    assert [pause["offer"] for pause in ann["pauses"]] == ["austin-plumbing"]


def state_of_ann(run: Run) -> str:
    """What the list of buyers says of Ann."""
    done = run("buyers", "--json")
    assert done.returncode == 0, done.stderr
    ann = next(row for row in json.loads(done.stdout) if row["name"] == "Ann")
    state = describe_buyer(ann)
    shown = " ".join(run("buyers").stdout.split())
    assert all(word in shown for word in state.replace(",", "").split())
    return state


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("1", "--from", "christmas"), "--from: found christmas, allowed 2026-11-20, 2026-11-20T08:00 or "),
        (("1", "--from", "2999-11-31"), "--from: found 2999-11-31, but there is no such day\n"),
        (("1", "--from", "2999-02-29T10:00"), "--from: found 2999-02-29T10:00, but there is no such day\n"),
        (("1", "--from", "2999-11-30T25:00"), "--from: found 2999-11-30T25:00, allowed 2026-11-20, "),
        (("1", "--until", "9999-12-31T23:00"), "--until: found 9999-12-31T23:00, allowed "),
        (
            ("1", "--from", "2030-11-03T01:30"),
            "--from 2030-11-03T01:30: America/Chicago has this time twice, because its clocks go back;"
            " write 2030-11-03T01:30-05:00 or 2030-11-03T01:30-06:00",
        ),
        (
            ("1", "--until", "2030-03-10T02:30"),
            "--until 2030-03-10T02:30: America/Chicago has no such time, because its clocks go forward;"
            " write 2030-03-10T03:30-05:00",
        ),
        (("1", "--until", "2020-01-01"), "The pause would end in the past; --until: found 2020-01-01T"),
        (
            ("1", "--from", "2999-12-27", "--until", "2999-12-24"),
            "The pause would end before it begins; --from: found 2999-12-27T",
        ),
        (("9",), "no buyer 9: `leadgen buyers` lists them"),
        (("2",), "buyer 2, Bob, has no enrollment in any offer"),
        (("2", "--offer", "austin-plumbing"), "buyer 2, Bob, has no enrollment in austin-plumbing"),
        (("1", "--offer", "austin-plumbin"), "no offer austin-plumbin: did you mean austin-plumbing?"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nobody_is_paused(
    arguments: tuple[str, ...], said: str, market: Market, run: Run
) -> None:
    done = run("buyers", "pause", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"leadgen: {said}")
    assert read_pauses(market) == [(None, None)] * 2


def test_pause_and_resume_are_commands_of_their_own(market: Market, run: Run) -> None:
    done = run("pause", "1", "--from", "2999-12-24", "--to", "2999-12-27", "--offer", "austin-plumbing")
    assert done.stderr == (
        "enrollment 1 in austin-plumbing is paused from 2999-12-24 00:00 America/Chicago (06:00 UTC)"
        " until 2999-12-27 00:00 America/Chicago (06:00 UTC)\n"
    )
    assert run("resume", "1", "--offer", "austin-plumbing").returncode == 0
    assert read_pauses(market) == [(None, None)] * 2
