"""The identity provider (OpenID Connect): where it is, its keys, and what its ID tokens say.

What it sends is bounded in size and time and comes from where its discovery document says, over https outside of
development; a redirect is not followed. The document and the keys are kept for an hour. A key that is not known makes
the keys be read again, at most once a minute: a provider that changes its keys is followed, and a stranger's token does
not make us ask it all day.

https://openid.net/specs/openid-connect-core-1_0.html
https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn
from urllib.parse import quote_plus, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from leadgen.answer import BoundedConnector, TooMuch
from leadgen.app.account_queries import Named
from leadgen.settings import Settings

# By signatures alone: "none" signs nothing, and HS256 would take the public key for a secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
CALLBACK = "/api/v1/auth/oidc/callback"  # to which the provider sends people back
NAME = "your organisation"
SCOPE = "openid email"
FRESH_SECONDS = 900  # identity.check_fresh: the provider is asked for a sign-in that is no older
SECONDS = 5.0  # for one request, from connecting to the last byte
LONGEST = 131_072  # bytes of an answer
LONGEST_TOKEN = 16_384  # characters of an ID token
LONGEST_SUBJECT = 255
LONGEST_EMAIL = 200
MOST_KEYS = 50
LEAST_BITS = 2_048  # of an RSA key: RFC 7518, 3.3
BITS_OF_A_LETTER = 6  # in base64
KEPT_SECONDS = 3_600.0
PAUSE_SECONDS = 60.0  # before keys are read again for one that is not known
RETRY_SECONDS = 10.0  # before a provider that failed is asked again
LEEWAY = 60  # seconds by which clocks may differ
OLDEST = 600  # seconds: an ID token is made for this sign-in
OK = 200

Json = dict[str, Any]


class NotVerified(Exception):  # noqa: N818
    """Nobody was named. `cause` is for the log: a word of ours, never what the provider sent."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Secrets(NamedTuple):
    """What a sign-in is held together by: the browser has them, as one token; the provider sees the hash of each."""

    state: str
    nonce: str
    verifier: str


class _Kept(NamedTuple):
    document: Json
    keys: list[Json]
    read_at: float


class Provider:
    """One identity provider, as the settings name it."""

    def __init__(
        self, issuer: str, client_id: str, secret: str, name: str, back: str, *, plain: bool
    ) -> None:
        self.issuer = issuer
        self.name = name
        self._client_id = client_id
        self._secret = secret
        self._back = back  # where it sends people back
        self._schemes = ("https", "http") if plain else ("https",)
        self._kept: _Kept | None = None
        self._failed_at: float | None = None
        self._lock = asyncio.Lock()

    @classmethod
    def of(cls, settings: Settings) -> "Provider | None":
        """By the settings; None: there is none."""
        issuer, client_id, secret = (
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret,
        )
        if issuer is None or client_id is None or secret is None or settings.public_url is None:
            return None
        plain = settings.environment == "development"
        back = settings.public_url + CALLBACK
        return cls(issuer, client_id, secret, settings.oidc_name or NAME, back, plain=plain)

    async def make_address(self, secrets: Secrets) -> str:
        """Where a browser goes to sign in. Raises NotVerified when the provider cannot be reached."""
        kept = await self._find()
        return str(
            prepare_grant_uri(
                kept.document["authorization_endpoint"],
                self._client_id,
                "code",
                redirect_uri=self._back,
                scope=SCOPE,
                state=secrets.state,
                nonce=secrets.nonce,
                code_challenge=create_s256_code_challenge(secrets.verifier),
                code_challenge_method="S256",
                max_age=str(FRESH_SECONDS),
            )
        )

    async def name_user(self, code: str, secrets: Secrets) -> Named:
        """Whom the provider names for a code. Raises NotVerified."""
        kept = await self._find()
        given = await self._exchange(kept.document, code, secrets)
        token = given.get("id_token")
        if not isinstance(token, str) or not 0 < len(token) <= LONGEST_TOKEN:
            raise NotVerified("no_id_token")
        claims, algorithm = await self._read_token(token)
        self._check_claims(claims, algorithm, secrets.nonce, given.get("access_token"))
        return self._name(claims)

    async def _exchange(self, document: Json, code: str, secrets: Secrets) -> Json:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": secrets.verifier,
        }
        headers = {}
        ways = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if isinstance(ways, list) and "client_secret_post" in ways and "client_secret_basic" not in ways:
            fields |= {"client_id": self._client_id, "client_secret": self._secret}
        else:  # RFC 6749, 2.3.1: each part form-encoded
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return await self._ask("token", document["token_endpoint"], fields, headers)

    async def _read_token(self, token: str) -> tuple[Json, str]:
        """The claims of a token that the provider has signed, and by which algorithm."""
        try:
            head = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError, RecursionError):
            raise NotVerified("token_malformed") from None
        if head.get("alg") not in ALGORITHMS:
            raise NotVerified("algorithm")
        kept = await self._find()
        key = _find_key(kept.keys, head)
        if key is None:
            key = _find_key((await self._find(since=time.monotonic() - PAUSE_SECONDS)).keys, head)
        if key is None:
            raise NotVerified("key_unknown")
        if key["kty"] == "RSA" and len(str(key.get("n")).rstrip("=")) * BITS_OF_A_LETTER < LEAST_BITS:
            raise NotVerified("key_weak")
        try:
            made = jws.deserialize_compact(token, JWKRegistry.import_key(key), algorithms=[head["alg"]])
            claims = json.loads(made.payload, parse_constant=_refuse_constant)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise NotVerified("signature") from None
        if not isinstance(claims, dict):
            raise NotVerified("token_malformed")
        return claims, head["alg"]

    def _check_claims(self, claims: Json, algorithm: str, nonce: str, access_token: object) -> None:
        """Raise NotVerified unless the token is the provider's, for us, for this sign-in, and now."""
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        params = {
            "client_id": self._client_id,
            "nonce": nonce,
            "access_token": access_token if isinstance(access_token, str) else None,
        }
        now = int(time.time())
        try:
            made = CodeIDToken(claims, {"alg": algorithm}, options, params)
            made.validate(now, LEEWAY)
        except (JoseError, ValueError, TypeError, AttributeError) as error:
            raise NotVerified(f"claim: {getattr(error, 'error', 'malformed')}") from None
        issued_at = claims["iat"]
        if isinstance(issued_at, bool) or not now - OLDEST <= issued_at <= now + LEEWAY:
            raise NotVerified("claim: iat")

    def _name(self, claims: Json) -> Named:
        subject, said = _read_plain(claims["sub"], LONGEST_SUBJECT), claims.get("amr")
        email = _read_plain(claims.get("email"), LONGEST_EMAIL)
        if subject is None:
            raise NotVerified("claim: sub")
        if claims.get("email_verified") is not True or email is None:
            raise NotVerified("email_not_verified")
        is_mfa = isinstance(said, list) and "mfa" in said
        return Named(self.issuer, subject, email, is_mfa, _read_time(claims.get("auth_time")))

    async def _find(self, since: float | None = None) -> _Kept:
        """The document and the keys, read after `since`, or in the last hour. One request at a time asks for them."""
        async with self._lock:
            now = time.monotonic()
            kept = self._kept
            if kept is not None and kept.read_at >= (now - KEPT_SECONDS if since is None else since):
                return kept
            if self._failed_at is not None and now - self._failed_at < RETRY_SECONDS:
                raise NotVerified("provider_failed_lately")
            try:
                self._kept = await self._read()
            except NotVerified:
                self._failed_at = time.monotonic()
                raise
            return self._kept

    async def _read(self) -> _Kept:
        address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        document = await self._ask("discovery", address)
        if document.get("issuer") != self.issuer:
            raise NotVerified("discovery: another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self._check_address(name, document.get(name))
        keys = (await self._ask("jwks", document["jwks_uri"])).get("keys")
        if not isinstance(keys, list):
            raise NotVerified("jwks: no keys")
        found = [key for key in keys[:MOST_KEYS] if isinstance(key, dict)]
        return _Kept(document, found, time.monotonic())

    def _check_address(self, name: str, address: object) -> None:
        try:
            parts = urlsplit(address) if isinstance(address, str) and address.isprintable() else None
        except ValueError:
            parts = None
        if parts is None or parts.scheme not in self._schemes or not parts.hostname or parts.fragment:
            raise NotVerified(f"discovery: {name}")

    async def _ask(
        self,
        what: str,
        address: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """The JSON object at an address; with fields, what it answers to them."""
        try:
            async with asyncio.timeout(SECONDS):
                body = await self._fetch(what, address, fields, headers or {})
        except TimeoutError:
            raise NotVerified(f"{what}: timed out") from None
        except (TooMuch, ClientError, OSError, ValueError) as error:
            raise NotVerified(f"{what}: {type(error).__name__}") from None
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise NotVerified(f"{what}: not a JSON object")
        return found

    async def _fetch(
        self, what: str, address: str, fields: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> bytes:
        asked = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        async with (
            ClientSession(
                connector=BoundedConnector(limit=1, longest_body=LONGEST * 2),
                cookie_jar=DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                timeout=ClientTimeout(total=None, sock_connect=None),
            ) as session,
            session.request(
                "GET" if fields is None else "POST",
                address,
                data=fields,
                headers=asked,
                allow_redirects=False,
            ) as answer,
        ):
            if answer.status != OK:
                raise NotVerified(f"{what}: status {answer.status}")
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > LONGEST:
                    raise NotVerified(f"{what}: too long")
            return bytes(body)


def _refuse_constant(name: str) -> NoReturn:
    """NaN is neither before nor after a moment: a token with it would not expire."""
    raise ValueError(name)


def _find_key(keys: list[Json], head: Mapping[str, Any]) -> Json | None:
    """The key that a token names; without a name, the only one that signs so."""
    fitting = [
        key for key in keys if key.get("use", "sig") == "sig" and key.get("alg", head["alg"]) == head["alg"]
    ]
    fitting = [key for key in fitting if key.get("kty") == ("EC" if head["alg"].startswith("ES") else "RSA")]
    if "kid" in head:
        fitting = [key for key in fitting if key.get("kid") == head["kid"]]
    return fitting[0] if len(fitting) == 1 else None


def _read_plain(text: object, longest: int) -> str | None:
    """Printable ASCII without spaces, so that no two texts look alike; None: it is not."""
    is_plain = isinstance(text, str) and text.isascii() and text.isprintable() and " " not in text
    return text if is_plain and isinstance(text, str) and 0 < len(text) <= longest else None


def _read_time(seconds: object) -> datetime | None:
    """A time that has passed; None: it is not."""
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds < time.time() + LEEWAY:
        return None
    return datetime.fromtimestamp(seconds, UTC)
