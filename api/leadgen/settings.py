"""The settings, from environment variables, each under the upper-case name of its field."""

import difflib
import os
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from leadgen.db.urls import normalise_url
from leadgen.errors import LeadGenError

OUR_PREFIXES = ("LEADGEN_", "WEBHOOK_", "WORKER_", "SMTP_", "DEFAULT_", "DB_")
SECRET = {
    "DATABASE_URL",
    "SMTP_PASSWORD",
    "API_DB_PASSWORD",
    "WORKER_DB_PASSWORD",
}  # never repeated in an error
LOOKS_LIKE = 0.88  # similarity at which an unknown name is taken for a misspelt one of ours

PositiveInt = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class SettingsError(LeadGenError):
    """A setting that is unknown or malformed; the message is one line for the operator."""


class Settings(BaseSettings):
    """Typed settings. An empty variable counts as not set."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="forbid", frozen=True)

    database_url: str | None = Field(default=None, description="postgresql://…; unset: the embedded server")
    db_pool_size: PositiveInt = Field(default=4, description="connections of one API process")
    environment: Literal["development", "staging", "production"] = "production"

    default_source_key: str | None = None
    default_duplicate_window_hours: Annotated[Decimal, Field(ge=0)] | None = None
    default_invoice_threshold: Annotated[Decimal, Field(ge=0, decimal_places=2)] | None = None

    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = 587
    smtp_user: str | None = None
    smtp_password: str | None = None
    from_email: str | None = None

    webhook_timeout_seconds: Seconds = Field(
        default=5, description="one attempt in total, connect to last byte"
    )
    webhook_max_retries: Annotated[int, Field(ge=0)] = 3
    webhook_retry_delay: Seconds = Field(default=1, description="seconds before the first retry; doubles")

    worker_concurrency: PositiveInt = Field(default=64, description="deliveries in flight in one worker")
    worker_batch: PositiveInt = Field(default=100, description="deliveries claimed at once")
    worker_lease_seconds: Seconds = 30
    worker_poll_seconds: Seconds = Field(default=1, description="longest sleep without a notification")
    worker_metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        default=None, description="where a worker serves /metrics; unset: nowhere"
    )

    api_db_password: str | None = Field(default=None, description="`leadgen migrate` gives it to leadgen_api")
    worker_db_password: str | None = Field(
        default=None, description="`leadgen migrate` gives it to leadgen_worker"
    )

    max_body_bytes: PositiveInt = 65_536
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="addresses or networks, with commas between, whose X-Forwarded-For is believed",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    leadgen_postgres_bin: str | None = Field(
        default=None, description="directory of initdb, postgres, pg_dump …"
    )

    @field_validator("database_url")
    @classmethod
    def _normalise_url(cls, value: str | None) -> str | None:
        return None if value is None else normalise_url(value)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


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
