"""docker-compose.yml against what the programs in it understand."""

from typing import Any

import pytest
import yaml

from leadgen.paths import checkout
from leadgen.settings import known_names


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    root = checkout()
    assert root
    return dict(yaml.safe_load((root / "docker-compose.yml").read_text())["services"])


def test_every_setting_is_known(services: dict[str, Any]) -> None:
    ours = {name: service for name, service in services.items() if service.get("image") == "leadgen"}
    assert set(ours) == {"migrate", "api", "worker"}
    for service in ours.values():
        assert set(service["environment"]) - known_names() == set()


def test_api_and_worker_log_in_as_their_roles(services: dict[str, Any]) -> None:
    for service, role in (("api", "leadgen_api"), ("worker", "leadgen_worker")):
        assert services[service]["environment"]["DATABASE_URL"].startswith(f"postgresql://{role}:")


def test_whatever_runs_on_is_health_checked(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"migrate"}


def test_nothing_listens_beyond_this_machine(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
