"""What a file of pgtap/ has to look like: one subject, one behaviour a test, plain SQL, buyers of the town."""

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from .rules import Fault, File, check_heading, check_length, check_lines

FILE = 300
LINE = 140
BODY = 40  # lines of a function or a do block between its $$

HELPERS = "pgtap/helpers/"
CATALOGUE = "markets|verticals|offers|sources|buyers|buyer_offers"
TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>(?:E|U&)?'(?:[^']|'')*')
      | (?P<cast>::)
      | (?P<join>\|\|)
      | (?P<other>\w+|.)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
BLOCK = re.compile(r"(?<=\$\$)\n(?P<body>.*?)^\$\$", re.DOTALL | re.MULTILINE)
HALF = re.compile(r"(?:and|or|nor|but|then|also|too|so)\s", re.IGNORECASE)
INSERT = re.compile(rf"insert\s+into\s+leadgen\.(?:{CATALOGUE})\b", re.IGNORECASE)


class Token(NamedTuple):
    """A piece of SQL, and the line on which it begins."""

    kind: str
    text: str
    line: int


def read_tokens(text: str) -> list[Token]:
    """What the file consists of, without spaces and comments. What stands between $$ is SQL, too."""
    tokens: list[Token] = []
    line, counted = 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup or "", match[0], line))
    return tokens


def find_pgtap_faults(file: File) -> list[Fault]:
    """Every rule's faults in a file of pgtap/."""
    return [fault for rule in PGTAP_RULES for fault in rule(file)]


def check_blocks(file: File) -> Iterator[Fault]:
    long = [
        str(file.text.count("\n", 0, found.start()) + 1)
        for found in BLOCK.finditer(file.text)
        if found["body"].count("\n") > BODY
    ]
    if long:
        yield Fault("body", file.name, f"more than {BODY} lines between $$: {', '.join(long)}")


def check_joins(file: File) -> Iterator[Fault]:
    """`||` may merge JSON and arrays, whose literals are cast. Text is formatted."""
    tokens = [Token("", "", 0), *read_tokens(file.text), Token("", "", 0), Token("", "", 0)]
    lines = [
        str(token.line)
        for before, token, after, behind in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False)
        if token.kind == "join"
        and (before.kind == "text" or (after.kind == "text" and behind.kind != "cast"))
    ]
    if lines:
        yield Fault(
            "join", file.name, f"|| beside a text: {', '.join(lines)}: use format(), or cast JSON and arrays"
        )


def check_names(file: File) -> Iterator[Fault]:
    """A test's name is a sentence by itself: it does not begin where the one before has ended."""
    if file.name.startswith(HELPERS):
        return
    lines = [str(token.line) for token in read_tokens(file.text) if _is_half(token)]
    if lines:
        yield Fault("name", file.name, f"a test's name that goes on with another's: {', '.join(lines)}")


def _is_half(token: Token) -> bool:
    return token.kind == "text" and HALF.match(token.text.strip("'")) is not None


def check_catalogue(file: File) -> Iterator[Fault]:
    """Markets, offers and buyers come from the makers and the town of pgtap/helpers."""
    if not file.name.startswith(HELPERS) and INSERT.search(file.code):
        yield Fault("catalogue", file.name, "build it with testkit.make_offer, enroll_buyer and the like")


PGTAP_RULES = (
    check_heading,
    partial(check_length, most=FILE),
    partial(check_lines, longest=LINE),
    check_blocks,
    check_joins,
    check_names,
    check_catalogue,
)
