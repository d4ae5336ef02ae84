"""Where the leads of a batch begin and end in its text.

Only brackets, commas and quotes are looked at. Whether a lead is JSON is found when it is read, so one that is none
fails by itself. A decoder of JSON would refuse all leads for what is wrong with one.
"""

import asyncio
import re

from leadgen.app.json_text import decode_utf8, refuse_unknown
from leadgen.app.openapi.models import MOST_LEADS, Lead
from leadgen.app.problems import TOO_LARGE, Problem

Span = tuple[int, int]

MARKS_AT_ONCE = 20_000  # some milliseconds, after which others have their turn
SHAPE = f'an object {{"leads": […]}} of 1 to {MOST_LEADS} leads'
COUNT = f"1 to {MOST_LEADS} leads"
ONE_LEAD = "leads; a single lead goes to /api/leads"

MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[\[\]{},]', re.DOTALL)  # group 1: where a text ends
BLANK = rb"[ \t\r\n]*"
OPENING = re.compile(BLANK + rb"\{" + BLANK + rb'"leads"' + BLANK + rb":" + BLANK + rb"\[")
CLOSING = re.compile(BLANK + rb"\}" + BLANK)
MEMBER = re.compile(BLANK + rb"[{,]" + BLANK + rb'"([^"\\]{1,60})"' + BLANK + rb":")


async def find_leads(body: bytes) -> list[Span]:
    """Where each lead begins and ends. Raises Problem for what is no batch."""
    opening = OPENING.match(body)
    if not opening:
        raise _of_another_shape(body)
    spans: list[Span] = []
    depth, begin = 0, opening.end()
    for number, mark in enumerate(MARK.finditer(body, begin), 1):
        if number % MARKS_AT_ONCE == 0:
            await asyncio.sleep(0)
        character = mark[0]
        if character in b"[{":
            depth += 1
        elif character in b"]}":
            depth -= 1
        elif character != b"," and not mark[1]:
            break
        if depth < 0 or (depth == 0 and character == b","):
            spans.append((begin, mark.start()))
            begin = mark.end()
            if len(spans) > MOST_LEADS:
                raise Problem.of_field("leads", f"more than {MOST_LEADS} leads", COUNT, TOO_LARGE)
        if depth < 0:
            _check_end(body, begin)
            return _check_count(body, spans)
    raise Problem.of_field("body", f"JSON that breaks off in leads[{len(spans)}]", SHAPE)


def _check_count(body: bytes, spans: list[Span]) -> list[Span]:
    if len(spans) == 1 and not body[slice(*spans[0])].strip():
        raise Problem.of_field("leads", "no lead", COUNT)
    return spans


def _check_end(body: bytes, end: int) -> None:
    if not CLOSING.fullmatch(body, end):
        found = (
            "something else behind the leads"
            if body[end:].strip()
            else "JSON that breaks off behind the leads"
        )
        raise _of_member(body, end) or Problem.of_field("body", found, SHAPE)


def _of_another_shape(body: bytes) -> Problem:
    decode_utf8(body)
    names = {b"": "nothing", b"[": "an array", b"{": "no leads"}
    found = names.get(body.lstrip()[:1], "something else")
    return _of_member(body, 0) or Problem.of_field("body", found, SHAPE)


def _of_member(body: bytes, begin: int) -> Problem | None:
    """What is wrong with the member that begins there; None if none does."""
    found = MEMBER.match(body, begin)
    if not found:
        return None
    name = "".join(c if c.isprintable() else "?" for c in found[1].decode(errors="replace"))
    if name == "leads":
        return Problem.of_field(
            name, "the same member twice" if begin else "no array", f"an array of {COUNT}"
        )
    return refuse_unknown(name, ("leads",), ONE_LEAD if name in Lead.__struct_fields__ else "leads")
