"""Browsers on our pages, in tests: who is signed in, as what, and forms as a browser sends them."""

import http.client
import re
import secrets
from contextlib import closing
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import psycopg

from api.people import CREATE, known_password
from api.serving import Answer, Api
from leadgen.app.cookies import hash_token
from rig.waiting import PATIENCE

SESSION = "leadgen_session"  # of an API in development, over http
ROLES = ("admin", "operator", "finance", "analyst")
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
ADD_SESSION = """
insert into leadgen.user_sessions (created_at, user_id, token_hash, seen_at, expires_at)
select leadgen.clock(), u.id, %s, leadgen.clock(), leadgen.clock() + interval '1 hour'
from leadgen.users u where u.email = %s
"""


def add_person(database: psycopg.Connection, role: str, buyer: str = "Ann") -> str:
    """A new user; its e-mail address."""
    email = f"{secrets.token_hex(6)}@people.example"
    challenge, digest = known_password(database)
    row = database.execute("select id from leadgen.buyers where name = %s", [buyer]).fetchone()
    of = row[0] if row and role == "buyer" else None
    member = "owner" if role == "buyer" else None
    database.execute(CREATE, [email, "Olga Brown", role, of, member, challenge.salt, digest])
    return email


def add_session(database: psycopg.Connection, role: str) -> str:
    """The token of a session of a new user."""
    token = secrets.token_urlsafe(32)
    database.execute(ADD_SESSION, [hash_token(token), add_person(database, role)])
    return token


@dataclass
class Tab:
    """A browser without JavaScript: it keeps cookies, follows redirects and fills in forms."""

    api: Api
    cookies: dict[str, str] = field(default_factory=dict)
    place: str = ""
    page: str = ""
    csrf: str = ""

    @classmethod
    def of(cls, api: Api, database: psycopg.Connection, role: str) -> "Tab":
        """A browser in which somebody of a role is signed in."""
        return cls(api, {SESSION: add_session(database, role)})

    def open(self, place: str) -> Answer:
        """GET, redirects followed."""
        return self._send("GET", place, None)

    def send(self, place: str, origin: str | None = "", **fields: str) -> Answer:
        """POST a form with the token of the last page; redirects are followed. `origin` None: the browser says none."""
        given = {"csrf": self.csrf} | fields
        return self._send("POST", place, urlencode(given).encode(), origin)

    def fetch(self, place: str, **more: str) -> Answer:
        """GET what is no page: a file, or a part for htmx; `more` are headers."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=PATIENCE)) as connection:
            connection.request("GET", place, None, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def _send(self, method: str, place: str, body: bytes | None, origin: str | None = "") -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            if origin is not None:
                headers["Origin"] = origin or f"http://127.0.0.1:{self.api.port}"
        with closing(http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=PATIENCE)) as connection:
            connection.request(method, place, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        if answer.status == 303:
            return self.open(answer.headers["Location"])
        self.place, self.page = place, answer.body.decode()
        found = CSRF.search(self.page)
        self.csrf = found[1] if found else self.csrf
        return answer

    @property
    def text(self) -> str:
        """The page's text without tags, its white space as one blank."""
        bare = re.sub(r"<(script|style|title)\b.*?</\1>|<[^>]*>", " ", self.page, flags=re.DOTALL)
        return " ".join(unescape(bare).split())

    @property
    def links(self) -> set[str]:
        """Where the page's links lead."""
        return {unescape(link) for link in re.findall(r'<a [^>]*href="([^"]*)"', self.page)}
