"""What a file of sql/functions has to look like. Each rule finds the places where one does not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

LINE = 120
BODY = 75  # lines of a function between its $$
FILE = 320
INDENT = 2
FACADE = ("leadgen.", "roads.")
FACADE_PARAMETERS = ("payload", "context")  # as clients know them

# A string, a quoted name, a comment: no code.
TEXT = re.compile(
    r"E'(?:[^'\\]|\\.|'')*'|(?:U&)?'(?:[^']|'')*'|\$(?P<tag>\w+)\$.*?\$(?P=tag)\$|\"[^\"]*\"|--[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
CREATED = re.compile(r"^create or replace function (?P<name>\w+\.\w+)\(", re.MULTILINE)
BODY_OF = re.compile(r"^as \$\$\n(?P<body>.*?)^\$\$;\n(?P<next>[^\n]*)", re.MULTILINE | re.DOTALL)
DECLARE = re.compile(r"^ *declare\b(?P<declared>.*?)^ *begin\b", re.MULTILINE | re.DOTALL)
RETURNS = re.compile(r"\)\s*returns (?P<type>.*?)\s*\n *(?:language|immutable|stable|volatile)\b", re.DOTALL)
WRITES = re.compile(r"\b(?:insert into|update (?:only )?\w+\.\w+|delete from|merge into)\b")
VERBS = {
    "check": "void",
    "is": "boolean",
    "has": "boolean",
    "can": "boolean",
}  # what a function of that verb returns
READING = ("find", "list", "read", "is", "has", "can", "check")
HANDLER = re.compile(r"^[^\n]*\bwhen\b[^\n]*\bothers\b.*?(?=^ *end;|^ *when )", re.MULTILINE | re.DOTALL)


class Fault(NamedTuple):
    """A place that breaks a rule: the subject is a file or a function."""

    rule: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}: {self.detail}"


class Function(NamedTuple):
    """A function: its parameters and what it returns as they are written, its body, and the line that follows it."""

    name: str
    parameters: list[str]
    returns: str
    body: str
    next: str


def _read(name: str, text: str) -> Function:
    """A function from what follows the bracket that opens its parameters. Without a body of our form it is empty."""
    parameters = _split(text)
    found, returned = BODY_OF.search(text), RETURNS.search(text)
    returns = returned["type"] if returned else ""
    return (
        Function(name, parameters, returns, found["body"], found["next"])
        if found
        else Function(name, parameters, returns, "", "")
    )


@dataclass(frozen=True)
class File:
    """A file by its name below sql/functions (market/sales.sql), and its text."""

    name: str
    text: str

    @cached_property
    def code(self) -> str:
        """The text with strings, quoted names and comments blanked out; places and lines stay."""
        return TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), self.text)

    @cached_property
    def functions(self) -> list["Function"]:
        """Each function, from the text without strings and comments."""
        found = list(CREATED.finditer(self.code))
        ends = [*(match.start() for match in found[1:]), len(self.code)]
        return [
            _read(match["name"], self.code[match.end() : end]) for match, end in zip(found, ends, strict=True)
        ]


def find_faults(file: File) -> list[Fault]:
    """Every rule's faults in a file."""
    return [fault for rule in RULES for fault in rule(file)]


def check_heading(file: File) -> Iterator[Fault]:
    if not re.match(r"-- \S.*\n", file.text):
        yield Fault("heading", file.name, "the first line says what the file is about: -- Sales: ...")


def check_length(file: File, most: int = FILE) -> Iterator[Fault]:
    lines = file.text.count("\n")
    if lines > most:
        yield Fault("file", file.name, f"{lines} lines, at most {most}: one subject a file")


def check_lines(file: File, longest: int = LINE) -> Iterator[Fault]:
    """Strings and comments count, too."""
    long = [str(number) for number, line in enumerate(file.text.splitlines(), 1) if len(line) > longest]
    if long:
        yield Fault("line", file.name, f"longer than {longest}: {', '.join(long)}")


def check_spaces(file: File) -> Iterator[Fault]:
    """Two spaces a level, no tabs, nothing at the end of a line. Lines inside of a string are what they are."""
    inside = {
        number
        for text in TEXT.finditer(file.text)
        for number in range(
            file.text.count("\n", 0, text.start()) + 2, file.text.count("\n", 0, text.end()) + 2
        )
    }
    wrong = [
        str(number)
        for number, line in enumerate(file.text.splitlines(), 1)
        if "\t" in line
        or line != line.rstrip()
        or (number not in inside and (len(line) - len(line.lstrip())) % INDENT)
    ]
    if wrong:
        yield Fault(
            "spaces",
            file.name,
            f"not {INDENT} spaces a level, a tab, or a space at the end: {', '.join(wrong)}",
        )


def check_case(file: File) -> Iterator[Fault]:
    lines = [
        str(number) for number, line in enumerate(file.code.splitlines(), 1) if re.search(r"[A-Z]", line)
    ]
    if lines:
        yield Fault("case", file.name, f"upper case outside of strings: {', '.join(lines)}")


def check_bodies(file: File) -> Iterator[Fault]:
    for function in file.functions:
        lines = function.body.count("\n")
        if lines > BODY:
            yield Fault(
                "body", function.name, f"{lines} lines, at most {BODY}: divide it where its ideas divide"
            )


def check_comments(file: File) -> Iterator[Fault]:
    for function in file.functions:
        if not function.next.startswith(f"comment on function {function.name}("):
            yield Fault("comment", function.name, "`comment on function` stands directly under it")


def check_shape(file: File) -> Iterator[Fault]:
    """A function that the other rules would pass over."""
    for function in file.functions:
        if not function.body:
            yield Fault("shape", function.name, "a body stands between lines `as $$` and `$$;`")


def check_names(file: File) -> Iterator[Fault]:
    for function in file.functions:
        wrong = [name for name in _parameters(function) if not name.startswith("p_")]
        wrong += [name for name in _variables(function.body) if not re.match(r"[vc]_", name)]
        if wrong:
            yield Fault("names", function.name, f"parameters are p_, variables v_ or c_: {', '.join(wrong)}")


def check_verbs(file: File) -> Iterator[Fault]:
    """The verb of a name says what the function does: check_ raises, is_ answers, find_ reads."""
    for function in file.functions:
        verb = function.name.partition(".")[2].partition("_")[0]
        wanted = VERBS.get(verb)
        if wanted and function.returns not in (wanted, "trigger"):
            yield Fault(
                "verb", function.name, f"{verb}_ returns {wanted}, not {function.returns or 'columns'}"
            )
        if verb in READING and WRITES.search(function.body):
            yield Fault("verb", function.name, f"{verb}_ writes nothing")


def check_backslashes(file: File) -> Iterator[Fault]:
    """What a plain string with a backslash says depends on the session: standard_conforming_strings."""
    lines: list[str] = []
    before: re.Match[str] | None = None
    for text in TEXT.finditer(file.text):
        goes_on = before and re.fullmatch(r"\s*\n\s*", file.text[before.end() : text.start()])
        is_escaped = text[0].startswith("E'") or (goes_on and before and before[0].startswith("E'"))
        if not is_escaped:
            before = text
            if re.match("(?:U&)?'", text[0]) and ("\\" in text[0] or text[0].startswith("U")):
                lines.append(str(file.text.count("\n", 0, text.start()) + 1))
        elif text[0].startswith("E'"):
            before = text
    if lines:
        yield Fault("backslash", file.name, f"a string with a backslash begins with E: {', '.join(lines)}")


def _parameters(function: Function) -> list[str]:
    """The names of what is handed in; those of what comes out are the columns of a result."""
    free = FACADE_PARAMETERS if function.name.startswith(FACADE) else ()
    words = [part.split() for part in function.parameters]
    named = [
        part[1:] if part[0] in ("in", "inout", "variadic") else part
        for part in words
        if part and part[0] != "out"
    ]
    return [part[0] for part in named if part[0] not in free]


def _variables(body: str) -> list[str]:
    """The declared names of every block of a body."""
    return [
        statement.split()[0]
        for block in DECLARE.finditer(body)
        for statement in block["declared"].split(";")
        if statement.strip()
    ]


def _split(text: str) -> list[str]:
    """What stands between commas, up to the bracket that closes the list."""
    depth, places = 0, [-1]
    for place, sign in enumerate(text):
        if sign in ",)" and depth == 0:
            places.append(place)
        if sign == ")" and depth == 0:
            break
        depth += (sign in "([") - (sign in ")]")
    return [text[start + 1 : end] for start, end in pairwise(places)]


def check_handlers(file: File) -> Iterator[Fault]:
    """What nobody thought of (no memory, a broken index) is not taken for what the handler is about."""
    for function in file.functions:
        if any(not re.search(r"\braise;", handler[0]) for handler in HANDLER.finditer(function.body)):
            yield Fault("handler", function.name, "`when others` raises nothing again: name the conditions")


RULES = (
    check_heading,
    check_length,
    check_lines,
    check_spaces,
    check_case,
    check_bodies,
    check_comments,
    check_shape,
    check_names,
    check_verbs,
    check_handlers,
    check_backslashes,
)
