"""What the commands say of themselves: `--help` with an example, and docs/commands.md."""

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from leadgen.cli import app, make_command
from leadgen.cli.docs import COMMANDS, DIRECTORY
from leadgen.cli.reference import describe_command, list_commands, make_commands
from leadgen.paths import checkout

ALL = dict(list_commands(make_command()))


@pytest.fixture(autouse=True)
def _make_the_tree_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `main` does; the runner would make it for each command."""
    monkeypatch.setattr("typer.testing._get_command", lambda _: make_command())


@pytest.mark.parametrize("path", ALL)
def test_a_command_says_what_it_does_and_shows_an_example(path: str) -> None:
    said = ALL[path].help or ""
    first, *_ = said.splitlines()
    assert re.fullmatch(r"[A-Z].*[.:;,\w)]", first)
    assert f"Example: {path}" in " ".join(said.split())


@pytest.mark.parametrize("path", ALL)
def test_every_argument_and_option_is_explained(path: str) -> None:
    assert [one.name for one in ALL[path].params if not one.help] == []


def test_every_number_has_a_least_and_a_most() -> None:
    """A number beyond what PostgreSQL takes is refused here, in words of ours."""
    for path, command in ALL.items():
        for one in command.params:
            kind = one.type_descriptor
            if kind.annotation in {int, float, list[int]}:
                assert None not in {kind.parameter_info.min, kind.parameter_info.max}, (path, one.name)


@pytest.mark.parametrize("path", ["leadgen", "leadgen deliveries", *ALL])
def test_help_is_plain(path: str) -> None:
    done = CliRunner().invoke(app, [*path.split()[1:], "--help"], env={"COLUMNS": "100"})
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: {path}")
    assert not re.search(r"<=|>=|<\w+>|INTEGER|\bint\b|[╭│]", done.output)
    assert max(map(len, done.output.splitlines())) <= 100


def test_a_switch_is_shown_with_its_opposite() -> None:
    done = CliRunner().invoke(app, ["money", "payments", "import", "--help"], env={"COLUMNS": "100"})
    assert re.search(r"--day-first, --month-first +How 03/04/2026 is read", done.output)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("deliveries list --limit 0", "'--limit': found 0, allowed a whole number from 1 to 10,000"),
        ("explain abc", "'LEAD': found abc, allowed a whole number of at least 1"),
        ("migrate --wait -1", "'--wait': found -1, allowed a number from 0 to 86,400"),
        (
            "history price 1",
            "'KIND': found price, allowed one of validation, routing, pricing, payout, enrollment, offer",
        ),
        ("explain", "Missing argument 'LEAD'"),
        ("key create", "give one of --source, --operator, --buyer and --user"),
    ],
)
def test_a_usage_error_says_what_was_found_and_what_is_allowed(typed: str, said: str) -> None:
    done = CliRunner().invoke(app, typed.split(), env={"COLUMNS": "100"})
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_a_group_without_a_command_shows_its_commands() -> None:
    done = CliRunner().invoke(app, ["db"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "  start  Start the embedded server and print its URL\n" in done.stderr


def test_an_example_runs_with_options_that_there_are() -> None:
    for path, command in ALL.items():
        example = re.search(r"Example: (.*)", " ".join((command.help or "").split()))
        assert example
        known = {name for one in command.params for name in one.opts}
        used = set(re.findall(r"(?<= )--[a-z-]+", example[1]))
        assert used <= known, path


def test_the_page_of_commands_is_fresh() -> None:
    root = checkout()
    assert root is not None
    assert (root / DIRECTORY / COMMANDS).read_text(encoding="utf-8") == make_commands(app), "run `make docs`"


def test_a_section_has_the_words_the_example_and_the_options() -> None:
    section = describe_command("leadgen buyers", ALL["leadgen buyers"])
    assert section.startswith("## leadgen buyers\n\nList the buyers")
    assert "```\nleadgen buyers --offer austin-plumbing\n```" in section
    assert "| `--offer OFFER` | The enrollments of this offer, by its id or slug. |  |" in section
    listed: Any = describe_command("leadgen deliveries list", ALL["leadgen deliveries list"])
    assert "One of webhook, email, sms." in listed
    assert "`--status STATUS[,STATUS]...` | Only those in these states: pending, sending, sent," in listed


# What pages have typed


PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "docs/*.md",
    "docs/how-to/*.md",
    "docs/runbooks/*.md",
)
FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
IN_BLOCK = re.compile(r"(?:^|[$(|;] ?|\w=\S* )(leadgen [a-z][^|#)\n]*)", re.MULTILINE)
IN_TEXT = re.compile(r"`(leadgen [a-z][^`]*)`")


def find_typed(page: str) -> list[str]:
    """The commands that a page shows."""
    blocks = " \n".join(FENCED.findall(page)).replace("\\\n", " ")
    return IN_BLOCK.findall(blocks) + IN_TEXT.findall(FENCED.sub("", page))


def find_fault(typed: str) -> str | None:
    """What of a typed command there is not."""
    words = typed.split()
    known = make_command()
    for place, word in enumerate(words[1:], 1):
        commands = getattr(known, "commands", {})
        if word in commands:
            known = commands[word]
            continue
        if commands and re.fullmatch(r"[a-z-]+", word) and not word.startswith("-"):
            return word
        used = {option for option in words[place:] if re.fullmatch(r"--[a-z-]+", option)}
        named = {name for one in known.params for name in (*one.opts, *one.secondary_opts)}
        return " ".join(sorted(used - named - {"--help"})) or None
    return None


def test_pages_have_commands_typed_that_there_are() -> None:
    root = checkout()
    assert root is not None
    pages = [path for pattern in PAGES for path in sorted(root.glob(pattern)) if path.name != COMMANDS.name]
    typed = [(path.name, one) for path in pages for one in find_typed(path.read_text(encoding="utf-8"))]
    assert len(typed) > 300
    assert [(name, one, fault) for name, one in typed if (fault := find_fault(one))] == []


def test_a_command_that_there_is_not_would_be_seen() -> None:
    page = (
        "See `leadgen hooks ad URL`.\n```sh\nX=$(leadgen events --kin x)\nleadgen key create --buyer 7\n```\n"
    )
    assert [find_fault(one) for one in find_typed(page)] == ["--kin", None, "ad"]
