"""One line that the next page says: what was done. In a cookie, signed with the session's token."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from litestar.datastructures import Cookie

from leadgen.app.cookies import Cookies
from leadgen.app.services import Request

NAME = "leadgen_flash"
LONGEST = 500  # characters of the line
SECONDS = 60
MOST = 3_000  # characters of a cookie


def write_flash(cookies: Cookies, session_token: str, text: str) -> Cookie:
    """The cookie that brings the line."""
    body = urlsafe_b64encode(text[:LONGEST].encode()).decode()
    return cookies.write(NAME, f"{body}.{_sign(session_token, body)}", SECONDS)


def read_flash(request: Request, cookies: Cookies, session_token: str) -> str | None:
    """The line of the request's cookie; None: there is none, or none of this session."""
    body, _, seal = request.cookies.get(cookies.prefix + NAME, "")[:MOST].partition(".")
    if not body or not hmac.compare_digest(seal.encode(), _sign(session_token, body).encode()):
        return None
    try:
        return urlsafe_b64decode(body).decode()
    except ValueError:
        return None


def forget_flash(cookies: Cookies) -> Cookie:
    """The cookie that takes it away."""
    return cookies.write(NAME, "", 0)


def _sign(session_token: str, body: str) -> str:
    return hmac.digest(session_token.encode(), f"flash {body}".encode(), "sha256").hex()
