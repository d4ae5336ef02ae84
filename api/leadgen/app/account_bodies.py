"""What people send: bodies whose fields are text of bounded length, and the envelope of the answers."""

import json
from datetime import UTC, datetime
from typing import Any

from litestar import Response
from litestar.datastructures import Cookie
from msgspec import Struct

from leadgen.app.body import read_body
from leadgen.app.headers import check_body_type, group
from leadgen.app.json_text import decode_utf8, read_members
from leadgen.app.problems import TOO_MANY, Problem
from leadgen.app.services import Request
from leadgen.passwords import ALLOWED, MOST, find_fault

JSON = "application/json"
MOST_BYTES = 8_192
LONGEST_EMAIL = 200
LONGEST_TOKEN = 200
LONGEST_MOMENT = 40


class Fields:
    """The members of a body."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    def find(self, name: str, longest: int) -> str | None:
        """A text, or None where there is none. Raises Problem."""
        value = self._members.get(name)
        allowed = f"text of 1 to {longest} characters"
        if value is None:
            return None
        if not isinstance(value, str):
            raise Problem.of_field(name, "a value that is not text", allowed)
        if not value or len(value) > longest:
            raise Problem.of_field(name, f"{len(value)} characters", allowed)
        return value

    def read(self, name: str, longest: int) -> str:
        """A text that has to be there. Raises Problem."""
        value = self.find(name, longest)
        if value is None:
            raise Problem.of_field(name, "nothing", f"text of 1 to {longest} characters")
        return value

    def find_texts(self, name: str, longest: int) -> list[str] | None:
        """A list of texts, or None where there is none. Raises Problem."""
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(
            isinstance(one, str) and len(one) <= longest for one in value
        ):
            raise Problem.of_field(name, "another value", f"a list of texts of at most {longest} characters")
        return value

    def find_object(self, name: str) -> dict[str, Any] | None:
        """An object, or None where there is none. Raises Problem."""
        value = self._members.get(name)
        if value is not None and not isinstance(value, dict):
            raise Problem.of_field(name, "a value that is no object", "an object")
        return value

    def find_number(self, name: str, least: int, most: int) -> int | None:
        """A whole number, or None where there is none. Raises Problem."""
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Problem.of_field(name, "another value", f"a whole number of {least} to {most}")
        return value

    def find_moment(self, name: str) -> datetime | None:
        """A moment, or None where there is none. Raises Problem."""
        if (said := self.find(name, LONGEST_MOMENT)) is None:
            return None
        try:
            moment = datetime.fromisoformat(said)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise Problem.of_field(name, "another text", "a time with its offset, such as 2027-06-30T00:00:00Z")

    def read_new_password(self, email: str | None = None) -> str:
        """A password to be set. Raises Problem for one that is too weak."""
        password = self.read("password", MOST * 4)
        if (fault := find_fault(password, email)) is not None:
            raise Problem.of_field("password", fault, ALLOWED)
        return password


async def read_fields(request: Request, model: type[Struct]) -> Fields:
    """The body of a request by its model. Raises Problem."""
    check_body_type(group(request.scope["headers"]))
    body = await read_body(request, MOST_BYTES)
    return Fields(read_members(decode_utf8(body), model.__struct_fields__))


def check_wait(why: str, seconds: int) -> None:
    """Raise Problem (429) when the next try may only come after so many seconds."""
    if seconds > 0:
        detail = f"{why}. Try again in {seconds} {'second' if seconds == 1 else 'seconds'}."
        raise Problem(TOO_MANY, detail, headers={"Retry-After": str(seconds)})


def succeed(data: object, *cookies: Cookie, status: int = 200) -> Response[bytes]:
    """The answer of a success, in the envelope."""
    body = json.dumps({"success": True, "data": data}).encode()
    return Response(
        body,
        status_code=status,
        media_type=JSON,
        headers={"Cache-Control": "no-store"},
        cookies=list(cookies),
    )
