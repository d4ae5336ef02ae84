"""What a body must be before PostgreSQL sees it: one JSON object without traps.

A text may hold an escaped NUL or half of a surrogate pair, as phones' keyboards and broken exports write them.
jsonb takes neither, so whoever posts a lead has it replaced (`mend_text`); of anybody else it is refused.

Two readers share the work. The quick one decodes with hooks that only notice that something is odd; nearly
every body passes it in a few microseconds. The careful one reads an odd body again, keeps what decoding would
lose (repeated keys, the text of numbers), and says what is wrong and where, or that nothing is.
"""

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from leadgen.app.problems import Problem
from leadgen.escapes import ODD_ESCAPE

MAX_DEPTH = 32
MAX_NUMBER_LENGTH = 40
MAX_EXPONENT = 99

NEAR = 0.7  # how alike a name must be to be suggested; 1 is the same

_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_SHOWN_KEY = 60


class Fault(NamedTuple):
    """Where a value is, what was found there and what is allowed. `is_mended`: mend_text replaces it."""

    path: str
    found: str
    allowed: str
    is_mended: bool = False


def decode_utf8(body: bytes) -> str:
    """The body as text. Raises Problem for a byte order mark and for what is not UTF-8."""
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Problem.of_field("body", "a byte order mark", "UTF-8 without one")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Problem.of_field("body", f"bytes that are not UTF-8 at byte {error.start}", "UTF-8") from None


def check_object(text: str, *, is_strict: bool = False) -> None:
    """Raise Problem unless the text is one JSON object that is safe to store once `mend_text` was at it.

    `is_strict`: what mend_text would replace is a fault, too.
    """
    try:
        is_object = _reads_quickly(text)
    except json.JSONDecodeError as error:
        raise _not_json(error) from None
    if is_object is None:
        is_object = _read_carefully(text, is_strict=is_strict)
    if not is_object:
        raise Problem.of_field("body", "JSON that is not an object", "one JSON object")


def read_members(text: str, allowed: Sequence[str]) -> dict[str, Any]:
    """The members of the one JSON object in the text, none but those allowed. Raises Problem otherwise."""
    check_object(text, is_strict=True)
    members: dict[str, Any] = json.loads(text)
    for name in members:
        if name not in allowed:
            raise refuse_unknown(name, allowed, ", ".join(allowed) or "no field")
    return members


def refuse_unknown(name: str, known: Sequence[str], allowed: str) -> Problem:
    """The problem of a field that is not among those known; it names the one that was probably meant."""
    problem = Problem.of_field(_show(name) or "body", "an unknown field", allowed)
    if meant := difflib.get_close_matches(name[:_SHOWN_KEY].lower(), known, 1, NEAR):
        problem.detail += f". Did you mean {meant[0]}?"
    return problem


class _Odd(Exception):  # noqa: N818  a signal between two readers
    pass


def _reads_quickly(text: str) -> bool | None:
    """Whether the text is an object; None when it has to be read carefully."""
    if text.count("{") + text.count("[") > MAX_DEPTH or ODD_ESCAPE.search(text):
        return None
    try:
        return isinstance(_QUICK.decode(text), dict)
    except _Odd:
        return None


def _notice_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Odd
    return members


def _notice_number(text: str) -> str:
    if len(text) > MAX_NUMBER_LENGTH or "e" in text or "E" in text:
        raise _Odd
    return text


def _notice_constant(_name: str) -> NoReturn:
    raise _Odd


_QUICK = json.JSONDecoder(
    object_pairs_hook=_notice_pairs,
    parse_int=_notice_number,
    parse_float=_notice_number,
    parse_constant=_notice_constant,
)


class _Members(list[tuple[str, object]]):
    pass


class _Number(str):
    pass


class _Constant(str):
    pass


_CAREFUL = json.JSONDecoder(
    object_pairs_hook=_Members, parse_int=_Number, parse_float=_Number, parse_constant=_Constant
)


def _read_carefully(text: str, *, is_strict: bool) -> bool:
    """Whether the text is an object. Raises Problem for its first fault."""
    fault: Fault | None
    try:
        value = _CAREFUL.decode(text)
        fault = next((one for one in _faults(value, "", 1) if is_strict or not one.is_mended), None)
    except json.JSONDecodeError as error:
        raise _not_json(error) from None
    except RecursionError:
        fault = _too_deep("body")
    if fault:
        raise Problem.of_field(fault.path, fault.found, fault.allowed)
    return isinstance(value, _Members)


def _faults(value: object, path: str, depth: int) -> Iterator[Fault]:
    if isinstance(value, _Number):
        yield from _number_faults(value, path)
    elif isinstance(value, _Constant):
        yield Fault(path or "body", "NaN or Infinity", "a number that JSON has")
    elif isinstance(value, str):
        yield from _text_faults(value, path, is_mended=True)
    elif isinstance(value, list):
        if depth > MAX_DEPTH:
            yield _too_deep(path)
        elif isinstance(value, _Members):
            yield from _member_faults(value, path, depth)
        else:
            for index, item in enumerate(value):
                yield from _faults(item, f"{path}[{index}]", depth + 1)


def _member_faults(members: _Members, path: str, depth: int) -> Iterator[Fault]:
    seen: set[str] = set()
    for key, value in members:
        place = f"{path}.{_show(key)}" if path else _show(key)
        if key in seen:
            yield Fault(place, "the same key twice", "each key once")
        seen.add(key)
        yield from _text_faults(key, place)
        yield from _faults(value, place, depth + 1)


def _text_faults(text: str, path: str, *, is_mended: bool = False) -> Iterator[Fault]:
    if odd := _NOT_TEXT.search(text):
        found = "a NUL character" if odd[0] == "\x00" else "half of a surrogate pair"
        yield Fault(path or "body", found, "text without it", is_mended)


def _number_faults(number: str, path: str) -> Iterator[Fault]:
    exponent = number.lower().partition("e")[2]
    if len(number) > MAX_NUMBER_LENGTH:
        found = f"a number of {len(number)} characters"
        yield Fault(path or "body", found, f"at most {MAX_NUMBER_LENGTH} characters")
    elif exponent and abs(int(exponent)) > MAX_EXPONENT:
        yield Fault(
            path or "body", f"the exponent {exponent}", f"an exponent from -{MAX_EXPONENT} to {MAX_EXPONENT}"
        )


def _too_deep(path: str) -> Fault:
    return Fault(path, f"nesting deeper than {MAX_DEPTH} levels", f"at most {MAX_DEPTH} levels")


def _show(key: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in key[:_SHOWN_KEY])


def _not_json(error: json.JSONDecodeError) -> Problem:
    where = f"line {error.lineno} column {error.colno}"
    return Problem.of_field("body", f"text that is not JSON at {where} ({error.msg})", "one JSON object")
