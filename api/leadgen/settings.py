"""The settings, from environment variables, each under the upper-case name of its field."""

import difflib
import os
import re
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from leadgen.db.urls import normalise_url
from leadgen.errors import LeadGenError

OUR_PREFIXES = (
    "LEADGEN_",
    "WEBHOOK_",
    "WORKER_",
    "SMTP_",
    "DEFAULT_",
    "DB_",
    "PII_",
    "TWILIO_",
    "STRIPE_",
    "OIDC_",
)
SECRET = {
    "DATABASE_URL",
    "WORKER_LISTEN_URL",
    "SMTP_PASSWORD",
    "TWILIO_AUTH_TOKEN",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "OIDC_CLIENT_SECRET",
    "API_DB_PASSWORD",
    "WORKER_DB_PASSWORD",
    "PII_KEYS",
    "PII_KEY_COMMAND",
    "REPORT_DATABASE_URL",
}  # never repeated in an error
MAX_PORT = 65_535
LOOKS_LIKE = 0.88  # similarity at which an unknown name is taken for a misspelt one of ours

ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
SENDER = re.compile(rf"\s*(?:(?P<bare>{ADDRESS})|(?P<name>.*?)\s*<\s*(?P<address>{ADDRESS})\s*>)\s*")

PositiveInt = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class DnsServer(NamedTuple):
    """A server that answers DNS queries."""

    address: IPv4Address | IPv6Address
    port: int = 53


class SettingsError(LeadGenError):
    """A setting that is unknown or malformed; the message is one line for the operator."""


class Settings(BaseSettings):
    """Typed settings. An empty variable counts as not set."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="forbid", frozen=True)

    database_url: str | None = Field(default=None, description="postgresql://…; unset: the embedded server")
    db_pool_size: PositiveInt = Field(default=4, description="connections of one API process")
    report_database_url: str | None = Field(
        default=None,
        description="a standby that `leadgen export` and scheduled reports read while it keeps up; unset: DATABASE_URL",
    )
    report_max_lag_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=300, description="a standby that is further behind is not read: the primary is"
    )
    environment: Literal["development", "staging", "production"] = Field(
        default="production", description="development allows http addresses on this machine"
    )

    default_source_key: str | None = Field(
        default=None,
        description="source of a lead that names none; `leadgen migrate` writes it to leadgen.settings",
    )
    default_duplicate_window_hours: Annotated[Decimal, Field(ge=0)] | None = Field(
        default=None, description="`leadgen migrate` writes it to leadgen.settings"
    )
    default_invoice_threshold: Annotated[Decimal, Field(ge=0, lt=100_000_000, decimal_places=2)] | None = (
        Field(default=None, description="`leadgen migrate` writes it to leadgen.settings")
    )

    smtp_host: str | None = Field(
        default=None, description="mail server for e-mails to buyers and users; unset: none are sent"
    )
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = 587
    smtp_user: str | None = None
    smtp_password: str | None = None
    smtp_ca_file: str | None = Field(
        default=None,
        description="certificates (PEM) that the SMTP server's must be signed by, and TLS is required; "
        "unset: the system's",
    )
    from_email: str | None = Field(
        default=None, description="sender of the e-mails: leads@example.com, or LeadGen <leads@example.com>"
    )

    public_url: str | None = Field(
        default=None,
        description="where people and Twilio reach the API; unset: no links in mails, no delivery reports",
    )
    security_contact: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="whom to tell of a hole, as an e-mail address, https:// or tel:, separated by commas: "
        "`/.well-known/security.txt` names them; unset: it is not there",
    )
    twilio_account_sid: Annotated[str, Field(pattern=r"^AC[0-9A-Za-z]+$")] | None = None
    twilio_auth_token: str | None = None
    twilio_phone_number: Annotated[str | None, Field(validate_default=True)] = Field(
        default=None, description="sender of the text messages, in E.164: +15125550100"
    )
    twilio_api_url: str = Field(default="https://api.twilio.com", description="address of Twilio's API")

    stripe_secret_key: Annotated[str, Field(pattern=r"^[rs]k_[0-9A-Za-z_]+$")] | None = Field(
        default=None, description="of the worker: by it Stripe is called; unset: no payments by Stripe"
    )
    stripe_webhook_secret: Annotated[str, Field(pattern=r"^whsec_[0-9A-Za-z+/=_-]+$")] | None = Field(
        default=None, description="of the API: what Stripe signs its events with; unset: none are taken"
    )
    stripe_api_url: str = Field(default="https://api.stripe.com", description="address of Stripe's API")
    stripe_timeout_seconds: Seconds = Field(
        default=15,
        description="seconds for one read of Stripe's answer; a worker that is stopped waits for it",
    )
    stripe_return_url: str | None = Field(
        default=None,
        description="where Stripe's page sends a buyer who has paid, or has not; unset: PUBLIC_URL",
    )

    oidc_client_id: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="of the API: as the identity provider knows LeadGen"
    )
    oidc_client_secret: str | None = Field(
        default=None, description="of the API: by it LeadGen shows the identity provider who asks"
    )
    oidc_issuer: Annotated[str | None, Field(max_length=500, validate_default=True)] = Field(
        default=None,
        description="identity provider (OpenID Connect), as its tokens name it: https://id.example.com; "
        "unset: nobody signs in by one",
    )
    oidc_name: Annotated[str, Field(max_length=60)] | None = Field(
        default=None, description="what people call the identity provider; unset: your organisation"
    )

    webhook_timeout_seconds: Seconds = Field(
        default=5, description="seconds for one attempt, from connecting to the last byte"
    )
    webhook_max_retries: Annotated[int, Field(ge=0)] = Field(
        default=3, description="quick retries, before the slow ones of leadgen.settings"
    )
    webhook_retry_delay: Seconds = Field(
        default=1, description="seconds before the first retry; each later pause is twice as long"
    )

    worker_concurrency: PositiveInt = Field(default=256, description="webhooks sent at once by one worker")
    worker_batch: PositiveInt = Field(
        default=100, description="webhooks claimed at once, and held ready beside those being sent"
    )
    worker_lease_seconds: Seconds = Field(
        default=30,
        description="seconds after which another worker takes the deliveries of a worker that died",
    )
    worker_poll_seconds: Seconds = Field(default=1, description="seconds that a worker sleeps at most")
    worker_listen_url: str | None = Field(
        default=None,
        description="where a worker listens for new deliveries, if DATABASE_URL is a pooler in transaction mode: the "
        "server itself; unset: DATABASE_URL",
    )
    worker_metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        default=None, description="where a worker serves /metrics; unset: nowhere"
    )

    api_db_password: str | None = Field(
        default=None, description="`leadgen migrate` makes it the password of leadgen_api"
    )
    worker_db_password: str | None = Field(
        default=None, description="`leadgen migrate` makes it the password of leadgen_worker"
    )

    pii_keys: str | None = Field(
        default=None,
        description="keys that wrap the keys under which personal data is sealed, as id:base64, separated by commas; "
        "the first wraps new ones. Unset, with the next two: personal data is stored clear",
    )
    pii_keys_file: str | None = Field(
        default=None, description="a file of such keys, one a line; they come behind those of PII_KEYS"
    )
    pii_key_command: str | None = Field(
        default=None,
        description="a command that wraps and unwraps keys instead, for a key management service: it is called with "
        "`wrap` or `unwrap`, base64 in and out",
    )

    max_body_bytes: PositiveInt = Field(default=65_536, description="a larger request is refused: 413")
    max_post_bytes: PositiveInt = Field(
        default=1_048_576,
        description="a larger post that an ad network has signed is refused: 413 (Meta names up to 1,000 leads in one)",
    )
    max_batch_bytes: PositiveInt = Field(
        default=4_194_304,
        description="a larger batch is refused: 413 (each of its leads is held to MAX_BODY_BYTES)",
    )
    max_connections: PositiveInt = Field(
        default=1_000,
        description="clients' connections to one API process; beyond, an idle one is closed, or 503",
    )
    max_connections_per_address: PositiveInt = Field(
        default=100,
        description="connections of one IPv4 address or IPv6 /64 to one API process; beyond: 429. "
        "Behind a trusted proxy, requests at the same time are counted instead",
    )
    max_feed_streams: PositiveInt = Field(
        default=200,
        description="streams of the feed (`GET /api/events`) open in one API process; beyond: 503",
    )
    max_feed_streams_per_key: PositiveInt = Field(
        default=5,
        description="streams of one buyer, or of one key or session of an operator, open in one API process; "
        "beyond: 429",
    )
    api_metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        default=None, description="where the API serves /metrics; unset: nowhere"
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="addresses or networks whose X-Forwarded-For is trusted, separated by commas; "
        "unset: everybody behind a proxy counts as one address",
    )
    mx_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        default=2, description="seconds for the lookup of a mail domain, before the lead's transaction"
    )
    dns_servers: Annotated[tuple[DnsServer, ...], NoDecode] = Field(
        default=(),
        description="DNS servers that are asked, as ip or ip:port, separated by commas; unset: the system's",
    )
    meta_graph_url: str = Field(
        default="https://graph.facebook.com/v23.0",
        description="where workers fetch the answers of Meta's leads",
    )
    meta_graph_timeout_seconds: Annotated[float, Field(gt=0, le=15)] = Field(
        default=5,
        description="seconds for fetching one lead, twice as long where the token may not read its ad",
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None,
        description="where traces of leads are sent (OpenTelemetry, OTLP by HTTP): http://collector:4318; "
        "unset: nowhere",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    leadgen_postgres_bin: str | None = Field(
        default=None, description="directory of initdb, postgres, pg_dump …"
    )

    @field_validator("database_url", "worker_listen_url", "report_database_url")
    @classmethod
    def _normalise_url(cls, value: str | None) -> str | None:
        return None if value is None else normalise_url(value)

    @field_validator("from_email")
    @classmethod
    def _read_sender(cls, value: str | None) -> str | None:
        return None if value is None else read_sender(value)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("security_contact", mode="before")
    @classmethod
    def _read_contacts(cls, value: object) -> object:
        return (
            [read_contact(part.strip()) for part in value.split(",")]
            if isinstance(value, str)
            else value or ()
        )

    @field_validator("dns_servers", mode="before")
    @classmethod
    def _read_servers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return [read_dns_server(part.strip()) for part in value.split(",")]

    @field_validator("meta_graph_url", "public_url", "stripe_api_url", "stripe_return_url", "twilio_api_url")
    @classmethod
    def _check_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        schemes = "https?" if info.data.get("environment") == "development" else "https"
        if value is None:
            return None
        if not re.fullmatch(rf"{schemes}://[^\s/?#@]+(/[^\s?#]*)?", value):
            raise ValueError("an https address is needed; http only with ENVIRONMENT=development")
        return value.rstrip("/")

    @field_validator("twilio_phone_number")
    @classmethod
    def _check_twilio(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):
            raise ValueError("a number in E.164 is needed, such as +15125550100")
        known = {"TWILIO_PHONE_NUMBER": value}
        known |= {name: info.data.get(name.lower()) for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")}
        missing = sorted(name for name, given in known.items() if given is None)
        if 0 < len(missing) < len(known):
            raise ValueError(f"all three of Twilio's settings or none: {' and '.join(missing)} not set")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _check_provider(cls, value: str | None, info: ValidationInfo) -> str | None:
        known = {"OIDC_ISSUER": value}
        known |= {name: info.data.get(name.lower()) for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")}
        missing = sorted(name for name, given in known.items() if given is None)
        if 0 < len(missing) < len(known):
            raise ValueError(
                f"all three of the identity provider's settings or none: {' and '.join(missing)} not set"
            )
        if value is not None:
            cls._check_address(value, info)  # kept as it is: a token's issuer has to be the same text
            if info.data.get("public_url") is None:
                raise ValueError(
                    "PUBLIC_URL is needed with it: the identity provider sends people back there"
                )
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


def read_sender(text: str) -> str:
    """One address with or without a name, as a From header has it: a name with a comma is quoted.

    Raises ValueError for anything else: several addresses, line breaks, an address that is not plain ASCII.
    """
    if found := SENDER.fullmatch(text):
        name, address = found["name"] or "", found["bare"] or found["address"]
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        if name.isprintable() and not re.search(r"[<>@]|=\?", name):
            if re.search(r"[^\w !#$%&'*+/=?^`{|}~-]", name):
                name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
            return f"{name} <{address}>" if name else address
    raise ValueError("one plain address is needed, such as leads@example.com or LeadGen <leads@example.com>")


def read_contact(text: str) -> str:
    """A contact as an address: mailto:, https: or tel:. Raises ValueError for anything else."""
    if re.fullmatch(f"(mailto:)?{ADDRESS}", text):
        return text if text.startswith("mailto:") else f"mailto:{text}"
    if re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?|tel:\+[0-9-]{7,20}", text):
        return text
    raise ValueError(
        "an e-mail address, an https address or tel:+ and a number is needed, such as security@example.com"
    )


def read_dns_server(text: str) -> DnsServer:
    """The server in `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`.

    Raises ValueError for anything else.
    """
    bracketed = re.fullmatch(r"\[([^]]+)\](?::(\d+))?", text)
    plain = re.fullmatch(r"([^:]+):(\d+)", text)
    found = bracketed or plain
    address, port = found.groups(default="53") if found else (text, "53")
    if not 1 <= int(port) <= MAX_PORT:
        raise ValueError(f"port {port} is not 1 to {MAX_PORT}")
    return DnsServer(ip_address(address), int(port))


def known_names() -> set[str]:
    """The environment variables that are read."""
    return {name.upper() for name in Settings.model_fields}


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises SettingsError for an unknown or misspelt name and for a malformed value.
    """
    _refuse_unknown(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        found = "" if name in SECRET else f" (found {first['input']!r})"
        raise SettingsError(f"setting {name}: {first['msg']}{found}") from None


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = known_names()
    for name in sorted(environ):
        if name in known or name.lower() in Settings.model_fields:
            continue
        alike = difflib.get_close_matches(name, known, n=1, cutoff=LOOKS_LIKE)
        if alike:
            raise SettingsError(f"unknown setting {name}: did you mean {alike[0]}?")
        if name.startswith(OUR_PREFIXES):
            raise SettingsError(f"unknown setting {name}: known are {', '.join(sorted(known))}")
