"""README and then docs/how-to, run from top to bottom as a newcomer does in a fresh clone (see rig/pages.py)."""

import itertools
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from leadgen.paths import checkout
from rig.guard import server_directory
from rig.pages import Newcomer, PageError, Snippet, newcomer, read_snippets
from rig.waiting import wait_until

ROOT = checkout() or Path()
PAGES = ["README.md", *sorted(f"docs/how-to/{path.name}" for path in (ROOT / "docs/how-to").iterdir())]
NOT_CLONED = shutil.ignore_patterns(".*", "__pycache__", "node_modules")
EVERY_PAGE = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
BY_HAND = ["make test"]  # nothing else of README may be left out
STOP_SECONDS = 30
A_RUN_TAKES = timedelta(minutes=3)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user can reach. Servers that were started below it do not outlive it."""
    with server_directory("leadgen-readme-") as directory:
        yield directory


@pytest.fixture
def environment(place: Path) -> dict[str, str]:
    """A newcomer's: a home without anything in it, no settings, and no `leadgen` on the path.

    PYTHONPATH has our .venv run the clone's package: it is this checkout's that is installed in it.
    """
    (place / "home").mkdir()
    bins = [one for one in os.environ["PATH"].split(os.pathsep) if Path(one) != Path(sys.prefix) / "bin"]
    handed_on = {name: os.environ[name] for name in ("LEADGEN_POSTGRES_BIN",) if name in os.environ}
    return handed_on | {
        "HOME": str(place / "home"),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join(bins),
        "PYTHONPATH": str(place / "leadgen/api"),
    }


def clone(tree: Path) -> None:
    """Make a tree as `git clone` and `make setup` leave it, with the .venv and extensions of this checkout."""
    shutil.copytree(ROOT, tree, ignore=NOT_CLONED)
    (tree / ".venv").mkdir()
    (tree / ".leadgen").mkdir()
    extensions = ROOT / ".leadgen/extensions"
    for entry in (*Path(sys.prefix).iterdir(), *([extensions] if extensions.is_dir() else [])):
        home = ".leadgen" if entry == extensions else ".venv"
        if entry.name != ".stamp":
            (tree / home / entry.name).symlink_to(entry)
    (tree / ".venv/.stamp").touch()


def wait_out_midnight() -> None:
    """The caps of a day that README tells of begin anew at midnight in Austin."""
    now = datetime.now(ZoneInfo("America/Chicago"))
    soon = now + A_RUN_TAKES
    if soon.date() != now.date():
        time.sleep(A_RUN_TAKES.total_seconds())


def assert_nothing_runs(environment: dict[str, str]) -> None:
    """All processes with this environment have ended, or end now."""
    wait_until(lambda: not left_running(environment), lambda: left_running(environment), STOP_SECONDS)


def left_running(environment: dict[str, str]) -> list[str]:
    """The command lines of processes with this environment."""
    mark = f"PYTHONPATH={environment['PYTHONPATH']}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has ended, or is another user's
            continue
    return found


@pytest.mark.timeout(900)
def test_everything_runs_from_top_to_bottom(place: Path, environment: dict[str, str]) -> None:
    readme, *others = [read_snippets(name, (ROOT / name).read_text()) for name in PAGES]
    assert [one.text.splitlines()[1] for one in readme if one.by_hand] == BY_HAND
    clone(place / "leadgen")
    wait_out_midnight()
    with newcomer(place / "leadgen", place, environment) as somebody:
        for snippet in itertools.chain(readme, *others):
            somebody.run(snippet)
    assert_nothing_runs(environment)
    assert not (place / "leadgen/.leadgen/demo.env").exists()


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_link_leads_to_a_file_that_is_there(name: str) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / name).read_text())
    files = [one for one in targets if "://" not in one]
    assert [one for one in files if not ((ROOT / name).parent / one).exists()] == []


@pytest.fixture
def somebody(place: Path, environment: dict[str, str]) -> Iterator[Newcomer]:
    """A newcomer without a clone."""
    with newcomer(place, place, environment) as one:
        yield one


PAGE = """
## A page

```sh
WORD=hello
```

```sh
echo "$WORD, lead 12" '{"lead_id": 12}' one
echo at 2026-01-02 03:04
echo then
echo and then >&2
```

It prints:

```text
hello,   lead 195 {"lead_id": 195} …
at 2025-12-31 23:59
…
and then
```
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("", "", None),
        ("echo then", "echo then; echo more", None),
        ("WORD=hello", "WORD=hallo", r"page:9 printed \(\+\) something else .*\n- hello, (.*\n)*\+ hallo,"),
        ("WORD=hello", "false\nWORD=hello", r"page:5 failed: status 1: false"),
        ("WORD=hello", "WORD=$(false)", r"page:5 failed: status 1: WORD=\$\(false\)"),
        ("WORD=hello", "false | true", r"page:5 failed: status 1: "),
        ("WORD=hello", "no-such-command || exit 3", r"page:5 failed: the shell has ended"),
        ("WORD=hello", "if then", r"page:5 failed: status 2: "),
        ("```sh\nWORD=hello", "```sql\nselect 1;", r"page:5 failed: status 127: leadgen db psql"),
        ("```sh\nWORD=hello", "```sh\n# terminal 1\nexit 0", r"page:5 ended before it said 'Serving"),
        ("echo then", "echo then >&2", None),
        ("at 2025", "At 2025", r"page:9 printed"),
        ("and then\n```", "and then\nmore\n```", r"page:9 printed"),
        ("\n…\n", "\n", r"page:9 printed"),
        ("hello,   lead", "hello, sale", r"page:9 printed"),
        ("```text", "```", r"page:17: a block is at the margin and one of sh, sql, text"),
        ("```sh\nWORD", "  ```sh\nWORD", r"page:4: a block is at the margin"),
        ("then\n```\n", "then\n", r"page:17: the block has no end"),
    ],
)
def test_what_a_page_says_is_held_against_it(
    somebody: Newcomer, old: str, new: str, complaint: str | None
) -> None:
    page = PAGE.replace(old, new) if old else PAGE

    def follow() -> None:
        for snippet in read_snippets("page", page):
            somebody.run(snippet)

    if complaint is None:
        follow()
    else:
        with pytest.raises(PageError, match=complaint):
            follow()


def test_a_terminal_that_ends_with_an_error_is_told(place: Path, environment: dict[str, str]) -> None:
    serve = Snippet(
        "page",
        1,
        "sh",
        "# terminal 1\ntrap 'exit 7' INT\necho Serving until Ctrl-C\nwhile :; do sleep 0.1 || :; done\n",
    )
    with (
        pytest.raises(PageError, match=r"page:1 ended with status 7"),
        newcomer(place, place, environment) as one,
    ):
        one.run(serve)
    assert_nothing_runs(environment)
