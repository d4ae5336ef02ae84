"""Settings from the environment."""

import os
from decimal import Decimal
from ipaddress import ip_address, ip_network
from itertools import combinations

import pytest

from leadgen.settings import SECRET, SettingsError, known_names, load_settings


def test_nothing_needs_to_be_set() -> None:
    settings = load_settings()
    assert settings.environment == "production"
    assert settings.database_url is None
    assert (settings.webhook_timeout_seconds, settings.webhook_max_retries, settings.webhook_retry_delay) == (
        5,
        3,
        1,
    )


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("DATABASE_URL", "postgresql+asyncpg://u:p@db:5432/leadgen", "postgresql://u:p@db:5432/leadgen"),
        ("DATABASE_URL", "postgres://u@db/leadgen", "postgresql://u@db/leadgen"),
        ("DEFAULT_INVOICE_THRESHOLD", "500.00", Decimal("500.00")),
        ("DEFAULT_SOURCE_KEY", "", None),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("ENVIRONMENT", "development", "development"),
        ("META_GRAPH_URL", "https://graph.example/v24.0/", "https://graph.example/v24.0"),
        ("FROM_EMAIL", "leads@leadgen.example", "leads@leadgen.example"),
        ("FROM_EMAIL", " <leads@leadgen.example> ", "leads@leadgen.example"),
        ("FROM_EMAIL", "LeadGen <leads@leadgen.example>", "LeadGen <leads@leadgen.example>"),
        ("FROM_EMAIL", "Zo\u00eb's leads <l@x.example>", "Zo\u00eb's leads <l@x.example>"),
        ("FROM_EMAIL", "Smith, John <j@x.example>", '"Smith, John" <j@x.example>'),
        ("FROM_EMAIL", '"Smith, John" <j@x.example>', '"Smith, John" <j@x.example>'),
        ("FROM_EMAIL", '"a \\"b\\" c" <j@x.example>', '"a \\"b\\" c" <j@x.example>'),
        ("FROM_EMAIL", "Acme Inc. (leads) <j@x.example>", '"Acme Inc. (leads)" <j@x.example>'),
        ("PUBLIC_URL", "https://leads.example/in/", "https://leads.example/in"),
        ("PUBLIC_URL", "", None),
        ("SECURITY_CONTACT", "", ()),
        (
            "SECURITY_CONTACT",
            "security@example.com, https://example.com/report,tel:+1-201-555-0123",
            ("mailto:security@example.com", "https://example.com/report", "tel:+1-201-555-0123"),
        ),
        ("TWILIO_API_URL", "https://api.dublin.ie1.twilio.com", "https://api.dublin.ie1.twilio.com"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
        (
            "DNS_SERVERS",
            "192.0.2.1, 192.0.2.2:5353,2001:db8::1,[2001:db8::2]:5353",
            (
                (ip_address("192.0.2.1"), 53),
                (ip_address("192.0.2.2"), 5353),
                (ip_address("2001:db8::1"), 53),
                (ip_address("2001:db8::2"), 5353),
            ),
        ),
    ],
)
def test_what_is_set_is_read(name: str, value: str, read: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(load_settings(), name.lower()) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:hunter2@db/leadgen"),
        ("DATABASE_URL", "leadgen"),
        ("DATABASE_URL", "postgresql://u:hunter2%zz@db/leadgen"),
        ("DATABASE_URL", "postgresql://u:a@hunter2:b@db/leadgen"),
        ("DATABASE_URL", "postgresql://u:hunter2@hunter2@db/leadgen"),
        ("DB_POOL_SIZE", "0"),
        ("SMTP_PORT", "smtp"),
        ("ENVIRONMENT", "prod"),
        ("WEBHOOK_TIMEOUT_SECONDS", "-1"),
        ("WEBHOOK_TIMEOUT_SECONDS", "nan"),
        ("WEBHOOK_MAX_RETRIES", "1.5"),
        ("DEFAULT_INVOICE_THRESHOLD", "12.345"),
        ("DEFAULT_INVOICE_THRESHOLD", "100000000"),
        ("SECURITY_CONTACT", "security"),
        ("SECURITY_CONTACT", "http://example.com/report"),
        ("SECURITY_CONTACT", "a@example.com\nExpires: 2099-01-01T00:00:00Z"),
        ("REPORT_DATABASE_URL", "mysql://u:hunter2@db/leadgen"),
        ("DEFAULT_DUPLICATE_WINDOW_HOURS", "-3"),
        ("TRUSTED_PROXIES", "everybody"),
        ("META_GRAPH_URL", "http://graph.example/v23.0"),
        ("META_GRAPH_URL", "https://user@graph.example"),
        ("META_GRAPH_URL", "https://graph.example/?a=b"),
        ("META_GRAPH_TIMEOUT_SECONDS", "16"),
        ("PUBLIC_URL", "http://leads.example"),
        ("PUBLIC_URL", "leads.example"),
        ("PUBLIC_URL", "https://leads.example/?a=b"),
        ("TWILIO_API_URL", "http://127.0.0.1:9"),
        ("TWILIO_ACCOUNT_SID", "SM0123"),
        ("TWILIO_ACCOUNT_SID", "AC01/../../x"),
        ("DNS_SERVERS", "resolver.example"),
        ("DNS_SERVERS", "192.0.2.1:0"),
        ("DNS_SERVERS", "192.0.2.1,"),
        ("MX_TIMEOUT_SECONDS", "0"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_malformed_setting_is_one_line_that_names_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^setting {name}: ") as caught:
        load_settings()
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert name in SECRET or value in str(caught.value) or repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DATABSE_URL", "DATABASE_URL"),
        ("SMTP_PROT", "SMTP_PORT"),
        ("WEBHOOK_TIMEOUT", None),
        ("LEADGEN_DEBUG", None),
    ],
)
def test_an_unknown_setting_stops_the_start(
    name: str, meant: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=f"^unknown setting {name}: ") as caught:
        load_settings()
    assert meant is None or f"did you mean {meant}?" in str(caught.value)


TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
    "TWILIO_AUTH_TOKEN": "hunter2",
    "TWILIO_PHONE_NUMBER": "+15125550100",
}


def test_twilio_is_set_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TWILIO.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.twilio_auth_token, settings.twilio_phone_number) == ("hunter2", "+15125550100")


@pytest.mark.parametrize("given", [names for size in (1, 2) for names in combinations(TWILIO, size)])
def test_twilio_set_in_part_stops_the_start(given: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in given:
        monkeypatch.setenv(name, TWILIO[name])
    with pytest.raises(SettingsError, match="all three of Twilio's settings or none") as caught:
        load_settings()
    for name in set(TWILIO) - set(given):
        assert name in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("number", ["5125550100", "+0125550100", "+1 512 555 0100", "LeadGen"])
def test_twilio_number_is_e164(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**TWILIO, "TWILIO_PHONE_NUMBER": number}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=r"^setting TWILIO_PHONE_NUMBER: .*E\.164"):
        load_settings()


@pytest.mark.parametrize(
    "sender",
    [
        "leads",
        "LeadGen",
        "leads@",
        "@leadgen.example",
        "a b@leadgen.example",
        "a@x.example, b@x.example",
        "A <a@x.example>, B <b@x.example>",
        "A <a@x.example>; B <b@x.example>",
        "a@x.example <b@x.example>",
        "LeadGen <leads@x.example",
        "LeadGen leads@x.example>",
        "LeadGen <leads@x.example> extra",
        "LeadGen <leads@x.example>\r\nBcc: eve@x.example",
        "Lead\nGen <leads@x.example>",
        "=?utf-8?q?a?= <leads@x.example>",
        "LeadGen <l\u00e9ads@x.example>",
        "leads@x..example",
        "leads@[127.0.0.1]",
    ],
)
def test_sender_of_mails_is_one_plain_address(sender: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_EMAIL", sender)
    with pytest.raises(SettingsError, match=r"^setting FROM_EMAIL: .*one plain address is needed"):
        load_settings()


@pytest.mark.parametrize("name", ["PUBLIC_URL", "TWILIO_API_URL"])
def test_http_is_for_development_only(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "development")
    monkeypatch.setenv(name, "http://127.0.0.1:8000")
    assert getattr(load_settings(), name.lower()) == "http://127.0.0.1:8000"


def test_other_programs_variables_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "LANG", "DATABASE", "LOG_DIR", "SMTPD", "HOSTNAME", "TERM_PROGRAM", "LOGNAME"):
        monkeypatch.setenv(name, "1")
    load_settings()


def test_the_tests_run_without_settings_from_outside() -> None:
    assert not (known_names() - {"LEADGEN_POSTGRES_BIN"}) & os.environ.keys()


OIDC = {
    "PUBLIC_URL": "https://leads.example",
    "OIDC_ISSUER": "https://id.example/",
    "OIDC_CLIENT_ID": "leadgen",
    "OIDC_CLIENT_SECRET": "hunter2",
}


def test_the_identity_provider_is_set_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OIDC.items():
        monkeypatch.setenv(name, value)
    assert load_settings().oidc_issuer == "https://id.example/"  # as its tokens name it
    assert load_settings().oidc_name is None
    for name in OIDC:
        with monkeypatch.context() as without:
            without.delenv(name)
            with pytest.raises(SettingsError, match=f"^setting OIDC_ISSUER: .*{name}") as caught:
                load_settings()
            assert "hunter2" not in str(caught.value)
    monkeypatch.setenv("OIDC_ISSUER", "http://id.example")
    with pytest.raises(SettingsError, match=r"^setting OIDC_ISSUER: .*https"):
        load_settings()
