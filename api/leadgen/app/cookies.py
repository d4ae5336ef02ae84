"""Cookies of people who are signed in, and the tokens in them."""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie, State

SESSION, DEVICE = "leadgen_session", "leadgen_device"
DEVICE_SECONDS = 400 * 86_400  # the longest that browsers keep a cookie
LONGEST = 200  # characters of a token


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of this installation."""

    is_secure: bool  # false: in development, where pages come over http

    @property
    def prefix(self) -> str:
        """`__Host-`: a browser takes the cookie only over TLS, from this very host, for all of it."""
        return "__Host-" if self.is_secure else ""

    def read(self, request: Request[Any, Any, State], name: str) -> str | None:
        """The value of a cookie; None: there is none, or none of ours."""
        value = request.cookies.get(self.prefix + name, "")
        return value if 0 < len(value) <= LONGEST else None

    def write(self, name: str, value: str, seconds: int | None) -> Cookie:
        """A cookie that no script reads; `seconds` None: until the browser closes, 0: gone."""
        return Cookie(
            key=self.prefix + name,
            value=value,
            path="/",
            max_age=seconds,
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )


def make_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """SHA-256 in hex."""
    return sha256(token.encode()).hexdigest()


def make_csrf_token(session_token: str) -> str:
    """What goes with the cookie of a session. Who does not know the cookie cannot compute it."""
    return hmac.digest(session_token.encode(), b"leadgen csrf", "sha256").hex()
