"""Dashboards and alerts: every metric that they name is exported, every alert is played and has its page."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.serving import add_catalogue, add_sale, make_lead, running_api
from leadgen.db.urls import with_role
from leadgen.paths import checkout
from rig.forks import WORKER, Fork
from rig.ports import free_port
from rig.programs import find_program, needs
from rig.waiting import wait_until

ROOT = checkout() or Path()
RULES = ROOT / "ops/prometheus"
BOARDS = sorted((ROOT / "ops/grafana/dashboards").glob("*.json"))
NAME = re.compile(r"\b(?:leadgen|pg|node)_[a-z0-9_]+")
PROMQL = re.compile(r"^.*\(leadgen_.*$", re.MULTILINE)  # what a runbook asks Prometheus
OTHERS = ("pg_", "node_")  # of PostgreSQL's exporter and the machine's


def read_alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((RULES / "alerts.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    for rule in read_alerts():
        yield rule["expr"]
    for board in BOARDS:
        for panel in json.loads(board.read_text())["panels"]:
            for target in panel["targets"]:
                yield target["expr"]
    for page in sorted((ROOT / "docs/runbooks").glob("*.md")):
        yield from PROMQL.findall(page.read_text())


def named() -> set[str]:
    """The metrics that dashboards and alerts name; what is quoted is a label's value."""
    return {name for text in expressions() for name in NAME.findall(re.sub(r'"[^"]*"', "", text))}


def read_names(text: str) -> set[str]:
    """Names of samples, and of families that have none yet."""
    names = set()
    for family in text_string_to_metric_families(text):
        names |= {sample.name for sample in family.samples}
        kind = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
        names |= {family.name + end for end in kind.get(family.type, ())}
    return names


def test_every_metric_that_is_named_is_exported_by_a_running_api_or_worker(
    database: str, tmp_path: Path
) -> None:
    add_catalogue(database)
    port = free_port()
    settings = {
        "DATABASE_URL": with_role(database, "leadgen_worker"),
        "WORKER_METRICS_PORT": str(port),
        "WORKER_POLL_SECONDS": "0.1",
    }

    def ask_worker() -> str:
        try:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as response:
                return str(response.read().decode())
        except OSError:
            return ""

    with running_api(database, tmp_path) as api, (tmp_path / "worker.log").open("wb") as log:
        with psycopg.connect(database, autocommit=True) as connection:
            add_sale(connection)
        assert api.post(make_lead()).status == 202
        worker = Fork(WORKER, ["worker"], os.environ | settings, log.fileno(), log.fileno())
        try:
            wait_until(
                lambda: 'leadgen_recent_leads{outcome="sold"} 2' in ask_worker(),
                lambda: (tmp_path / "worker.log").read_text(),
            )
            exported = read_names(api.metrics()) | read_names(ask_worker())
            text = ask_worker()
        finally:
            worker.terminate()
            worker.wait()
    ours = {name for name in named() if not name.startswith(OTHERS)}
    assert len(ours) > 20
    assert ours - exported == set()
    assert 'leadgen_chore_last_run_timestamp_seconds{chore="fill_feed"}' in text


def test_a_name_that_nobody_exports_would_be_seen() -> None:
    assert "leadgen_no_such_thing" in NAME.findall("sum(leadgen_no_such_thing) > 1")


def test_every_alert_has_a_summary_and_a_page_that_is_there() -> None:
    for rule in read_alerts():
        annotations = rule["annotations"]
        assert annotations["summary"], rule["alert"]
        assert (ROOT / annotations["runbook_url"]).is_file(), annotations["runbook_url"]


def test_every_alert_is_named_on_its_page() -> None:
    for rule in read_alerts():
        assert rule["alert"] in (ROOT / rule["annotations"]["runbook_url"]).read_text(), rule["alert"]


def test_every_alert_is_played_from_both_sides() -> None:
    played = yaml.safe_load((RULES / "alerts_test.yml").read_text())["tests"]
    trouble, calm, other_trouble = (
        {case["alertname"] for case in test["alert_rule_test"]} for test in played
    )
    assert trouble == calm == {rule["alert"] for rule in read_alerts()}
    assert other_trouble == {rule["alert"] for rule in read_alerts() if re.search(r"\bor\b", rule["expr"])}


def test_dashboards_have_ids_of_their_own_and_a_query_in_each_panel() -> None:
    boards = [json.loads(board.read_text()) for board in BOARDS]
    assert len({board["uid"] for board in boards}) == len(boards) == 4
    for board in boards:
        for panel in board["panels"]:
            assert panel["targets"], panel["title"]


@pytest.fixture
def promtool() -> Path:
    found = find_program("promtool", "prometheus")
    assert found
    return found


@needs("promtool", "prometheus")
def test_promtool_takes_the_configuration(promtool: Path) -> None:
    command = [str(promtool), "check", "config", "prometheus.yml"]
    checked = subprocess.run(command, cwd=RULES, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs("promtool", "prometheus")
def test_each_alert_fires_in_trouble_and_is_silent_in_calm(promtool: Path) -> None:
    command = [str(promtool), "test", "rules", "alerts_test.yml"]
    checked = subprocess.run(command, cwd=RULES, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs("promtool", "prometheus")
def test_promtool_reads_every_query_of_the_dashboards(promtool: Path, tmp_path: Path) -> None:
    rules = [{"record": f"leadgen:query_{n}", "expr": text} for n, text in enumerate(expressions())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    command = [str(promtool), "check", "rules", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
