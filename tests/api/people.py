"""People in tests of the API: browsers that keep cookies, users, and the e-mails that they get."""

import json
import secrets
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http.cookies import SimpleCookie

import psycopg

from api.serving import SERVE, Answer, Api
from leadgen.app.cookies import hash_token
from leadgen.passwords import SALT_BYTES, Challenge, compute_digest

PASSWORD = "correct horse battery"
WRONG = "incorrect horse battery"
SESSION, DEVICE = "__Host-leadgen_session", "__Host-leadgen_device"
CREATE = "select leadgen.create_user(%s, %s, %s, %s, null, %s, %s, %s)"
NOBODY = "nobody@people.example"
ADD_SESSION = """
insert into leadgen.user_sessions (created_at, user_id, token_hash, seen_at, expires_at)
select now(), u.id, %s, now(), now() + interval '1 hour' from leadgen.users u where u.email = %s
"""


@dataclass
class Browser:
    """Keeps cookies as a browser does, and shows the CSRF token that it was told."""

    api: Api
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str | None = None
    email: str = ""  # of who signed in last

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """A request with the cookies; a path that is not absolute is below /api/v1/auth."""
        if self.cookies:
            headers.setdefault("Cookie", "; ".join(f"{n}={v}" for n, v in self.cookies.items()))
        if self.csrf:
            headers.setdefault("X_CSRF_Token", self.csrf)
        raw = None
        if body is not None:
            raw = json.dumps(body).encode()
            headers.setdefault("Content_Type", "application/json")
        whole = path if path.startswith("/") else f"/api/v1/auth/{path}"
        answer = self.api.request(method, whole, raw, **headers)
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return answer

    def post(self, path: str, body: object = None, **headers: str) -> Answer:
        """POST."""
        return self.send("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.send("GET", path, **headers)

    def log_in(self, email: str, password: str = PASSWORD, **fields: str) -> Answer:
        """Sign in, and keep the CSRF token."""
        answer = self.post("login", {"email": email, "password": password} | fields)
        if answer.status == 200:
            self.email = email
            self.csrf = answer.json["data"]["csrf_token"]
        return answer


def change_status(database: psycopg.Connection, email: str, status: str) -> None:
    """As an operator does."""
    database.execute(
        "select leadgen.change_user_status(u.id, %s, 'a test') from leadgen.users u where u.email = %s",
        [status, email],
    )


def open_mail(database: psycopg.Connection, email: str) -> tuple[str, str]:
    """What a worker sends next to an address: the kind, and the token of its link."""
    while True:
        token = secrets.token_urlsafe(32)
        row = database.execute(
            "select mail_id, kind, email from leadgen.claim_user_mails(%s)",
            [[sha256(token.encode()).hexdigest()]],
        ).fetchone()
        assert row, f"no mail to {email} is due"
        database.execute("select leadgen.record_user_mail(%s, 'sent')", [row[0]])
        if row[2] == email:
            return row[1], token


def refuse(answer: Answer) -> tuple[int, str]:
    """The status and the kind of a problem."""
    answer.check_problem()
    return answer.status, answer.json["type"].rpartition(":")[2]


# Argon2id costs 0.2 s of CPU time on purpose. Where passwords are cheap, both sides of an API believe that it costs
# this little; what a password costs in truth is a matter of tests/test_passwords.py.
CHEAP = 8_192, 2, 1  # a pass more than the least that the database takes: KiB, passes, lanes
SERVE_CHEAP = f"from leadgen import passwords as p; p.MEMORY_KIB, p.PASSES, p.LANES = {CHEAP}; {SERVE}"
MAKE_CHEAP = """
create or replace function identity.list_password_costs(out memory_kib integer, out passes integer, out lanes integer)
language plpgsql immutable as $$ begin memory_kib := {}; passes := {}; lanes := {}; end $$
"""


def make_passwords_cheap(database: str) -> None:
    """For an API that is served by SERVE_CHEAP."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(MAKE_CHEAP.format(*CHEAP).encode())


def known_password(database: psycopg.Connection, password: str = PASSWORD) -> tuple[Challenge, bytes]:
    """What users of tests have, at what it costs there."""
    cost = database.execute("select memory_kib, passes, lanes from identity.list_password_costs()").fetchone()
    return _compute_once(password, *cost or ())


@cache
def _compute_once(password: str, *cost: int) -> tuple[Challenge, bytes]:
    challenge = Challenge(secrets.token_bytes(SALT_BYTES), *cost)
    return challenge, compute_digest(password, challenge)


def add_user(database: psycopg.Connection, role: str, member: str | None = None) -> str:
    """A new user, of Ann if it is a buyer's; its e-mail address."""
    (ann,) = database.execute("select id from leadgen.buyers where name = 'Ann'").fetchone() or (0,)
    email = f"{secrets.token_hex(6)}@people.example"
    challenge, password = known_password(database)
    of = ann if role == "buyer" else None
    database.execute(CREATE, [email, "Ann Smith", role, of, member, challenge.salt, password])
    return email


def add_session(database: psycopg.Connection, who: str) -> str:
    """The token of a session of a new user: admin, owner or member."""
    email = add_user(database, "admin") if who == "admin" else add_user(database, "buyer", who)
    token = secrets.token_urlsafe(32)
    database.execute(ADD_SESSION, [hash_token(token), email])
    return token
