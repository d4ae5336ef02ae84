"""A double of an identity provider on loopback: discovery, keys, authorization and tokens, faults included.

`sign_in` does what a browser does there: it reads the address that LeadGen sends it to, signs a user in, and says where
the browser goes back. The token endpoint asks for the client's secret, the code once, and the verifier of PKCE.

https://openid.net/specs/openid-connect-core-1_0.html
"""

import json
import secrets
import time
import warnings
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT_ID = "leadgen of example"
CLIENT_SECRET = "s3cret: of/the client"
Json = dict[str, Any]


def make_key(kid: str, kind: str = "RS256") -> RSAKey | ECKey:
    """A key of the provider."""
    options: Any = {"kid": kid, "use": "sig", "alg": kind}
    if kind.startswith("ES"):
        return ECKey.generate_key("P-256", options)
    return RSAKey.generate_key(2048, options)


def make_weak_key(kid: str) -> RSAKey:
    """A key of 1,024 bits."""
    key = generate_private_key(65_537, 1_024)  # noqa: S505  weak on purpose
    with warnings.catch_warnings(action="ignore"):
        return RSAKey.import_key(key, {"kid": kid, "use": "sig"})


@dataclass
class Provider:
    """What it says, and how it misbehaves. `faults`: by path, what is answered instead."""

    issuer: str = ""
    key: RSAKey | ECKey = field(default_factory=lambda: make_key("first"))
    algorithm: str = "RS256"
    claims: Json = field(default_factory=dict)  # in the place of the right ones; None: left out
    make_token: Callable[["Provider", Json], str] | None = None
    document: Json = field(default_factory=dict)
    faults: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    stopped: Event = field(default_factory=Event)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, Json] = field(default_factory=dict)

    def sign_in(self, address: str, email: str, subject: str | None = None, **claims: object) -> str:
        """Where the provider sends the browser back: path and query."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert urlsplit(address)._replace(query="").geturl() == f"{self.issuer}/authorize"
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT_ID)
        assert (query["code_challenge_method"], "openid" in query["scope"]) == ("S256", True)
        code, now = secrets.token_urlsafe(16), int(time.time())
        said = {
            "iss": self.issuer,
            "sub": subject or f"sub of {email}".replace(" ", "-"),
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "auth_time": now,
            "nonce": query["nonce"],
            "email": email,
            "email_verified": True,
        }
        self.codes[code] = {"claims": said | claims, "challenge": query["code_challenge"]}
        back = urlsplit(query["redirect_uri"]).path
        return f"{back}?{urlencode({'code': code, 'state': query['state']})}"

    def answer(self, path: str, fields: dict[str, str], authorization: str) -> tuple[int, Json]:
        """The answer of an endpoint."""
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
            } | self.document
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        if path == "/token":
            return self._give_token(fields, authorization)
        return 404, {}

    def _give_token(self, fields: dict[str, str], authorization: str) -> tuple[int, Json]:
        shown = b64decode(authorization.partition(" ")[2]).decode()
        code = self.codes.pop(fields["code"], None)
        verifier = urlsafe_b64encode(sha256(fields["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if shown != "leadgen+of+example:s3cret%3A+of%2Fthe+client":
            return 401, {"error": "invalid_client"}
        if code is None or verifier != code["challenge"]:
            return 400, {"error": "invalid_grant"}
        claims = {name: value for name, value in (code["claims"] | self.claims).items() if value is not None}
        token = self.make_token(self, claims) if self.make_token else self.sign(claims)
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": token}

    def sign(self, claims: Json) -> str:
        """An ID token."""
        head = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(head, claims, self.key, algorithms=[self.algorithm])

    def sign_with(self, claims: Json, **head: object) -> str:
        """An ID token with an odd head, signed by the right key."""
        first = {"alg": self.algorithm, "kid": self.key.kid} | head
        signed = b".".join(
            urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (first, claims)
        )
        assert isinstance(self.key, RSAKey)
        signature = self.key.private_key.sign(signed, PKCS1v15(), SHA256())  # type: ignore[union-attr]
        return f"{signed.decode()}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def sign_by_own_key(self, claims: Json) -> str:
        """By a key of the attacker's that the token brings along, under the name of the provider's."""
        own = make_key(str(self.key.kid))
        head = {"alg": "RS256", "kid": own.kid, "jku": f"{self.issuer}/evil"}
        return jwt.encode(head, claims, own, algorithms=["RS256"])

    def sign_by_public_key(self, claims: Json) -> str:
        """HS256 with the public key for a secret."""
        assert isinstance(self.key, RSAKey)
        secret = OctKey.import_key(b64encode_key(self.key))
        return jwt.encode({"alg": "HS256", "kid": self.key.kid}, claims, secret, algorithms=["HS256"])

    def sign_by_nobody(self, claims: Json) -> str:
        """The algorithm none."""
        parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
        return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def b64encode_key(key: RSAKey) -> str:
    """The public key as an attacker has it: its text."""
    return key.as_dict(private=False)["n"]  # type: ignore[return-value]


@contextmanager
def running_provider() -> Iterator[Provider]:
    """A provider that answers until the end of the block."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._reply({name: values[0] for name, values in parse_qs(body).items()})

        def _reply(self, fields: dict[str, str]) -> None:
            provider.asked.append(self.path)
            if self.path in provider.slow:
                provider.stopped.wait(30)
            if self.path in provider.faults:
                status, headers, body = provider.faults[self.path]
            else:
                status, found = provider.answer(self.path, fields, self.headers.get("Authorization", ""))
                headers, body = {"Content-Type": "application/json"}, json.dumps(found).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # LeadGen does not wait for all of it

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
