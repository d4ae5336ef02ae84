"""Whom to tell of a hole of this deployment: /.well-known/security.txt, as RFC 9116 has it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from litestar import Response, get
from litestar.exceptions import NotFoundException

from leadgen.app.services import FromServices

PATH = "/.well-known/security.txt"
LIFE = timedelta(days=30)  # RFC 9116: less than a year; what a closed deployment said is stale a month later


@get(PATH, include_in_schema=False)
async def show_security_contact(services: FromServices) -> Response[str]:
    """The contacts of SECURITY_CONTACT. 404 where it is not set: there is nobody to name."""
    if not services.security_contact:
        raise NotFoundException
    text = compose(services.security_contact, datetime.now(UTC))
    return Response(text, media_type="text/plain")


def compose(contacts: Sequence[str], now: datetime) -> str:
    """The file: contacts in the order of preference, and until when it holds."""
    expires = (now + LIFE).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"Contact: {contact}" for contact in contacts]
    return "".join(f"{line}\n" for line in (*lines, f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}"))
