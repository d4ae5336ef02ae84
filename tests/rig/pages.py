"""Pages of documentation whose snippets are run, in order, by a newcomer at two terminals.

A page is Markdown. Its snippets are the fenced blocks `sh` and `sql`; the `text` block after a snippet, before any
other block or heading, is what the snippet prints. The first line of an `sh` block may say where it belongs:

- `# by hand: why`: it is not run;
- `# terminal 1`: it stays in a terminal of its own until the newcomer leaves;
- anything else: it is typed into the newcomer's shell, as the statements of an `sql` block are into `leadgen db psql`.

Every command must succeed, also in the middle of a block. What is printed must be what the page says, except for

- what MAY_DIFFER lists: times, dates, durations, ids, secrets;
- white space: any run of it is one space, and none at the end of a line;
- `…`: in a line any text, on a line of its own any lines.
"""

import difflib
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LANGUAGES = ("sh", "sql", "text")
BY_HAND = "# by hand: "
ASIDE = "# terminal 1"
IS_SERVING = "Serving until Ctrl-C"
PSQL = "leadgen db psql --set ON_ERROR_STOP=1"
MAY_DIFFER = (
    (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?", "<time>"),
    (r"\b\d{4}-\d\d-\d\d\b", "<date>"),
    (r"\b\d+(\.\d+)? m?s\b", "<duration>"),
    (r"(?i)\b(lead|sale|delivery|endpoint|buyer|enrollment) \d+\b", r"\1 <id>"),
    (r'"(\w+_id)": \d+', r'"\1": <id>'),
    (r"\bINV-\d{4}-\d{5}\b", "<invoice>"),  # a worker bills who reaches the threshold, before or after
    (r"\blg_[\w-]{20,}", "<key>"),
)
# The end of a terminal's input is Ctrl-C: it comes when the newcomer leaves, and when our process is killed.
CTRL_C = "{ cat; kill -INT 0; } <&0 >/dev/null 2>&1 &"
FENCE = re.compile(r"(?P<indent> *)```(?P<language>.*)")


class PageError(AssertionError):
    """A snippet that failed or printed something else, or a page that is malformed."""


@dataclass(frozen=True)
class Snippet:
    """A block to run: the line of the page that its text begins on, and what the page says that it prints."""

    page: str
    line: int
    language: Literal["sh", "sql"]
    text: str
    printed: str | None = None

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.page}:{self.line}"

    @property
    def by_hand(self) -> bool:
        """Whether a newcomer alone can run it."""
        return self.text.startswith(BY_HAND)

    @property
    def aside(self) -> bool:
        """Whether it stays in a terminal of its own."""
        return self.text.splitlines()[0] == ASIDE


def read_snippets(page: str, markdown: str) -> list[Snippet]:
    """The snippets of a page. Raises PageError for a block that would neither be run nor compared."""
    found: list[Snippet] = []
    awaits_output = False
    lines = iter(enumerate(markdown.splitlines(), 1))
    for number, line in lines:
        if line.startswith("#"):
            awaits_output = False
        if not (fence := FENCE.fullmatch(line)):
            continue
        language = fence["language"]
        if fence["indent"] or language not in LANGUAGES:
            raise PageError(f"{page}:{number}: a block is at the margin and one of {', '.join(LANGUAGES)}")
        text = "".join(f"{body}\n" for body in read_block(page, number, lines))
        if language == "text":
            if awaits_output:
                last = found.pop()
                found.append(Snippet(last.page, last.line, last.language, last.text, text))
            awaits_output = False
        else:
            found.append(Snippet(page, number + 1, "sh" if language == "sh" else "sql", text))
            awaits_output = True
    return found


def read_block(page: str, start: int, lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    """The lines of a block, as far as its end."""
    for _, line in lines:
        if line == "```":
            return
        yield line
    raise PageError(f"{page}:{start}: the block has no end")


def compare(snippet: Snippet, printed: str) -> None:
    """Raise PageError unless this is what the page says."""
    if snippet.printed is None:
        return
    wanted, got = even_out(snippet.printed), even_out(printed)
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in wanted.splitlines()
    )
    if not re.fullmatch(pattern, got):
        diff = difflib.ndiff(wanted.splitlines(), got.splitlines())
        raise PageError(
            f"{snippet.place} printed (+) something else than the page says (-):\n" + "\n".join(diff)
        )


def even_out(text: str) -> str:
    """The text without what may differ."""
    for pattern, word in MAY_DIFFER:
        text = re.sub(pattern, word, text)
    lines = (" ".join(line.split()) for line in text.strip("\n").splitlines())
    return "".join(f"{line}\n" for line in lines)


class Newcomer:
    """A shell that runs snippets, and beside it the terminals that serve.

    `directory` is where both start; `notes` takes the files that pass between us and the shell.
    """

    def __init__(self, directory: Path, notes: Path, environment: Mapping[str, str]) -> None:
        self._directory, self._notes, self._environment = directory, notes, dict(environment)
        self._asides: list[tuple[Snippet, subprocess.Popen[str]]] = []
        self._shell = self._open_terminal()
        self._tell("set -o pipefail; trap 'failures+=(\"status $?: $BASH_COMMAND\")' ERR")

    def run(self, snippet: Snippet) -> None:
        """Do as the page says. Raises PageError when a command fails or prints something else."""
        if snippet.by_hand:
            return
        if snippet.aside:
            self._serve(snippet)
            return
        script, out, err = (self._notes / f"snippet.{kind}" for kind in ("in", "out", "err"))
        script.write_text(snippet.text)
        command = f"source {script} </dev/null" if snippet.language == "sh" else f"{PSQL} <{script}"
        self._tell(f"failures=(); {command} >{out} 2>{err}")
        failures = self._ask('"${failures[@]}"')
        printed = out.read_text() + err.read_text()
        if failures:
            raise PageError(f"{snippet.place} failed: {failures}\n{printed}")
        compare(snippet, printed)

    def leave(self) -> None:
        """Ctrl-C in every terminal, then end the shell. Raises PageError for a terminal that ends with an error."""
        self._shell.communicate()
        failed = []
        while self._asides:
            snippet, process = self._asides.pop()
            said, _ = process.communicate()
            if process.returncode != 0:
                failed.append(f"{snippet.place} ended with status {process.returncode}:\n{said}")
        if failed:
            raise PageError("\n".join(failed))

    def _serve(self, snippet: Snippet) -> None:
        process = self._open_terminal("-e", "-c", f"{CTRL_C}\n{snippet.text}")
        self._asides.append((snippet, process))
        said = ""
        for line in process.stdout or ():
            said += line
            if IS_SERVING in line:
                return
        raise PageError(f"{snippet.place} ended before it said {IS_SERVING!r}:\n{said}")

    def _open_terminal(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", *arguments], cwd=self._directory, env=self._environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=_hear_ctrl_c,
        )  # fmt: skip

    def _tell(self, line: str) -> None:
        """Have the shell run a line."""
        if self._shell.stdin and self._shell.poll() is None:
            self._shell.stdin.write(f"{line}\n")
            self._shell.stdin.flush()

    def _ask(self, words: str) -> str:
        """What these words of the shell are, a line each; that the shell has ended, if it has."""
        end = "end of answer"
        self._tell(f"printf '%s\\n' {words} {shlex.quote(end)}")
        said = ""
        for line in self._shell.stdout or ():
            if line == f"{end}\n":
                return said.strip()
            said += line
        return f"the shell has ended. {said}"


def _hear_ctrl_c() -> None:
    """As in a terminal. A test run in the background ignores SIGINT, and so would all of its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def newcomer(directory: Path, notes: Path, environment: Mapping[str, str]) -> Iterator[Newcomer]:
    """Somebody who has just cloned the project and leaves at the end, whatever happens."""
    somebody = Newcomer(directory, notes, environment)
    try:
        yield somebody
    finally:
        somebody.leave()
