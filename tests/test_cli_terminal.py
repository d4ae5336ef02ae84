"""What strangers write is shown on a terminal, and never obeyed by it."""

import json
from collections.abc import Callable
from io import StringIO
from subprocess import CompletedProcess
from typing import Any

import psycopg
import pytest
from rich.table import Table
from rich.text import Text

from api.serving import make_lead
from leadgen.show.console import OBEYED, SafeConsole, escape_json
from rig.cluster import Connect

Run = Callable[..., CompletedProcess[str]]

EVIL = "Ann\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp\u2066\x08\x7f"


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str, connect: Connect) -> psycopg.Connection[Any]:
    """A market with a buyer and a quarantined submission whose texts hold escape sequences."""
    session = connect()
    session.execute("update leadgen.buyers set name = %s", [EVIL])
    session.execute("update leadgen.offers set name = %s", [EVIL])
    session.execute(
        "select leadgen.submit_lead(%s)", [json.dumps(make_lead(message=EVIL, attributes={EVIL: EVIL}))]
    )
    session.execute(
        "select leadgen.submit_lead(%s)",
        [json.dumps({**make_lead(), "source_key": "none" + EVIL, "name": EVIL})],
    )
    return session


@pytest.mark.parametrize(
    "command",
    [
        ["buyers"],
        ["offers"],
        ["quarantine", "list"],
        ["explain", "1"],
        ["events"],
        ["find", "1"],
        ["deliveries", "list"],
        ["endpoints", "list"],
        ["check"],
    ],
    ids=" ".join,
)
def test_no_command_hands_an_escape_sequence_on(
    market: psycopg.Connection[Any], run: Run, command: list[str]
) -> None:
    said = run(*command)
    assert said.stdout + said.stderr
    assert not OBEYED.search(said.stdout + said.stderr)


def test_a_name_is_shown_with_what_it_holds(market: psycopg.Connection[Any], run: Run) -> None:
    assert "\ufffd[2J" in run("buyers").stdout
    assert "\ufffd[2J" in run("quarantine", "list").stdout


def test_an_error_that_repeats_it_is_shown_too(market: psycopg.Connection[Any], run: Run) -> None:
    said = run("unsold", "no-such-" + EVIL)
    assert said.returncode != 0
    assert not OBEYED.search(said.stderr)


def test_json_keeps_the_text_and_escapes_it(market: psycopg.Connection[Any], run: Run) -> None:
    said = run("buyers", "--json")
    assert not OBEYED.search(said.stdout)
    assert {row["name"] for row in json.loads(said.stdout)} == {EVIL}


@pytest.mark.parametrize("text", ["", "plain", EVIL, "\x1b", "tab\tand\nline", "Zoë 水道", "a\u200db"])
def test_json_is_escaped_without_loss(text: str) -> None:
    assert json.loads(escape_json(json.dumps({text: text}, ensure_ascii=False))) == {text: text}


@pytest.mark.parametrize("terminal", [True, False])
def test_tables_and_texts_are_cleaned_and_colours_stay(terminal: bool) -> None:
    file = StringIO()
    console = SafeConsole(
        file=file, force_terminal=terminal, width=80, color_system="standard" if terminal else None
    )
    table = Table("name")
    table.add_row(Text(EVIL, style="red"))
    console.print(table)
    console.print(EVIL, markup=False)
    console.print(f"[bold]{EVIL.replace('[', '(')}")
    said = file.getvalue()
    assert ("\x1b[31m" in said) == terminal, "the colour is Rich's own"
    assert "Ann\ufffd[2J\ufffd]0;owned" in said
    for sequence in ("\x1b[2J", "\x1b]0", "\x07", "\x9b", "\u202e", "\x08"):
        assert sequence not in said
