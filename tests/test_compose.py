"""docker-compose.yml against what the programs in it understand."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadgen.paths import checkout
from leadgen.settings import Settings, known_names

ROOT = checkout() or Path()
EDGES = {"nginx", "caddy"}
FILLED_IN = {
    "POSTGRES_PASSWORD": "aaaa",
    "API_DB_PASSWORD": "bbbb",
    "WORKER_DB_PASSWORD": "cccc",
    "PUBLIC_URL": "https://leads.example",
    "SMTP_HOST": "smtp.example",
    "FROM_EMAIL": "leads@leadgen.example",
    "SITE_ADDRESS": "leads.example",
}
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


class MissingError(Exception):
    """What compose says of a variable that has to be set."""


def read_env(name: str) -> dict[str, str]:
    """The variables of an env file of ours."""
    lines = (ROOT / "ops" / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def fill(text: str, environment: dict[str, str]) -> str:
    """The text as compose reads it in this environment: `:-` is for what is not set or empty, `:?` refuses that."""

    def value(found: re.Match[str]) -> str:
        name, operator, other = found.groups()
        if environment.get(name):
            return environment[name]
        if operator == ":?":
            raise MissingError(name)
        return other or ""

    return _VARIABLE.sub(value, text)


def read_compose(environment: dict[str, str]) -> dict[str, Any]:
    """The file as compose reads it."""
    return dict(yaml.safe_load(fill((ROOT / "docker-compose.yml").read_text(), environment)))


@pytest.fixture(params=["development.env", "production.env"])
def services(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The services, in development and filled in for production."""
    environment = read_env(request.param)
    if request.param == "production.env":
        environment |= FILLED_IN
    return dict(read_compose(environment)["services"])


def test_every_setting_is_known(services: dict[str, Any]) -> None:
    ours = {name: service for name, service in services.items() if service.get("image") == "leadgen"}
    assert set(ours) == {"migrate", "api", "worker"}
    for service in ours.values():
        assert set(service["environment"]) - known_names() == set()
        Settings.model_validate(
            {name.lower(): value or None for name, value in service["environment"].items()}
        )


def test_api_and_worker_log_in_as_their_roles(services: dict[str, Any]) -> None:
    for service, role in (("api", "leadgen_api"), ("worker", "leadgen_worker")):
        assert services[service]["environment"]["DATABASE_URL"].startswith(f"postgresql://{role}:")


def test_whatever_runs_on_is_health_checked(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"migrate"}


def test_nothing_but_the_edge_listens_beyond_this_machine(services: dict[str, Any]) -> None:
    assert all(services[edge]["ports"] == ["80:80", "443:443"] for edge in EDGES)
    ports = [port for name in set(services) - EDGES for port in services[name].get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_metrics_are_not_for_the_world(services: dict[str, Any]) -> None:
    api = services["api"]
    assert all(str(api["environment"]["API_METRICS_PORT"]) not in port for port in api["ports"])
    assert "ports" not in services["worker"]


def test_the_api_trusts_the_edge_alone(services: dict[str, Any]) -> None:
    trusted = services["api"]["environment"]["TRUSTED_PROXIES"]
    for name, service in services.items():
        networks = service.get("networks", ["default"])
        if name in EDGES:
            assert networks == {"front": {"ipv4_address": trusted}}
        else:
            assert ("front" in networks) == (name == "api")


@pytest.mark.parametrize("name", sorted({*FILLED_IN} - {"SITE_ADDRESS"}))
def test_production_does_not_start_without(name: str) -> None:
    environment = read_env("production.env") | FILLED_IN
    read_compose(environment)
    with pytest.raises(MissingError, match=name):
        read_compose(environment | {name: ""})


def test_no_secret_has_a_default_and_nothing_starts_in_development_by_itself() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = [found for found in _VARIABLE.finditer(text) if "PASSWORD" in found[1] or "TOKEN" in found[1]]
    assert secrets
    assert all(found[2] == ":?" or found[3] == "" for found in secrets)
    assert all(found[3] == "production" for found in _VARIABLE.finditer(text) if found[1] == "ENVIRONMENT")
    assert all(read_env("production.env")[name] == "" for name in FILLED_IN)


def test_each_profile_starts_what_belongs_to_it() -> None:
    services = read_compose(read_env("development.env"))["services"]
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    watching = {name: ["metrics"] for name in ("prometheus", "postgres-exporter", "node-exporter", "grafana")}
    assert profiles == {"nginx": ["nginx"], "caddy": ["caddy"], "mail": ["development"]} | watching
    assert read_env("development.env")["COMPOSE_PROFILES"] == "development"
    assert read_env("production.env")["COMPOSE_PROFILES"] in EDGES
    assert services["worker"]["depends_on"]["mail"]["required"] is False
