"""What the API logs: JSON lines, failures only, nothing about a person (FAULT 7)."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg

from api.serving import SOURCE_KEY, add_catalogue, make_lead, running_api

SECRETS = ["Forged", "roe@", "victim", "Elm Street", SOURCE_KEY, "lg_wrong", "idem-7", "probe-agent"]


def test_nothing_that_was_sent_is_in_the_log(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    lead = make_lead(
        name="Jane\r\nlevel=error Forged",
        email="roe@victim.example\r\nBcc: all@victim.example",
        city="Austin\nElm Street",
        attributes={"line\r\nForged": "victim\u2028Forged"},
    )
    headers = {"Idempotency_Key": "idem-7", "User_Agent": "probe-agent"}
    with running_api(database, tmp_path, LOG_LEVEL="DEBUG") as api:
        api.post(lead, **headers)
        api.post(lead, X_API_Key="lg_wrong")
        api.post(b'{"Forged": "roe@victim.example', **headers)
        api.get("/Forged%0d%0aElm%20Street")
        with psycopg.connect(database) as session:
            session.execute("alter table leadgen.leads add constraint leads_full check (name = '') not valid")
        assert api.post(
            make_lead(name="Forged", email="roe@victim.example"), X_API_Key=SOURCE_KEY
        ).status in (403, 500)
        assert (
            api.post(
                make_lead(name="Forged", email="roe@victim.example"), **headers | {"Idempotency_Key": "x"}
            ).status
            == 500
        )

    lines = [json.loads(line) for line in api.log.splitlines()]
    failures = [line for line in lines if line["event"] == "request failed"]
    assert [(f["status"], f["sqlstate"], f["constraint"]) for f in failures] == [(500, "23514", "leads_full")]
    assert failures[0]["functions"][-1].startswith("PL/pgSQL function leadgen.submit_lead")
    assert not [secret for secret in SECRETS if secret in api.log]


def test_an_exception_is_reduced_and_named_fields_are_hidden(tmp_path: Path) -> None:
    script = """
import logging, structlog
from leadgen.log import configure_logging
configure_logging("INFO", "json")
try:
    raise ValueError("Jane Roe")
except ValueError:
    structlog.get_logger().exception("ours", email="jane@roe.example", count=1)
    logging.getLogger("theirs").exception("theirs")
structlog.get_logger().debug("too fine")
structlog.get_logger().info("a\\r\\nb")
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours, theirs, last = (json.loads(line) for line in run.stderr.splitlines())
    assert (ours["error"], ours["email"], ours["count"]) == ("ValueError", "(hidden)", 1)
    assert (theirs["error"], theirs["logger"], theirs["level"]) == ("ValueError", "theirs", "error")
    assert last["event"] == "a\r\nb"
    assert "Jane" not in run.stderr
