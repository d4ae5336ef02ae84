"""`leadgen explain`: who won a lead, and why each other buyer lost."""

import json
import os
import subprocess
import sys

import psycopg
import pytest

from demo.conftest import submit
from leadgen.demo.leads import Expected, Posting
from leadgen.demo.posting import Answer

LEAD = {
    "source_key": "austin-plumbing-v1",
    "name": "Jane Doe",
    "email": "jane@example.com",
    "phone": "512-555-0123",
    "postal_code": "78704",
    "attributes": {"job_type": "leak"},
}


@pytest.fixture
def answer(catalogue: psycopg.Connection) -> Answer:
    """A lead from a postal code that South Congress Plumbing owns."""
    return submit(catalogue, Posting(1, "good", None, LEAD, Expected("sold")))


def explain(database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from leadgen.cli import main; main()", "explain", *arguments]
    environment = {**os.environ, "DATABASE_URL": database}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_person_reads_who_won_and_why_the_others_lost(database: str, answer: Answer) -> None:
    done = explain(database, str(answer.lead_id))
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == f"Lead {answer.lead_id}: Sold to South Congress Plumbing for 56.25 USD (exclusive)"
    assert lines[1].startswith("Emergency Plumbing - Austin, 78704, from austin-plumbing-v1, received 20")
    assert lines[2] == "validation: passed (policy 1, version 1)"
    assert "1 South Congress Plumbing won ranked 1 of 1 56.25" in lines
    assert "Lone Star Plumbing lost outside_service_area" in lines
    assert "Bluebonnet Home Services lost exclusive_to_other" in lines
    assert any(line.startswith("Barton Creek Plumbing lost paused: until 20") for line in lines)
    sale = " ".join(lines[-2:])
    assert "to South Congress Plumbing: base 45.00, exclusivity premium (+25 %) 56.25 USD" in sale
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "\x1b" not in done.stdout


def test_a_lead_that_fell_through_its_owner_says_why(database: str, catalogue: psycopg.Connection) -> None:
    catalogue.execute(
        """
        update leadgen.buyer_offers bo set is_active = false
        from leadgen.buyers b where b.id = bo.buyer_id and b.name = 'South Congress Plumbing'
        """
    )
    answer = submit(catalogue, Posting(1, "good", None, LEAD, Expected("sold")))
    shown = " ".join(explain(database, str(answer.lead_id)).stdout.split())
    assert "fell through South Congress Plumbing, who owns postal code 78704: enrollment_inactive" in shown


def test_a_refused_lead_shows_its_failures(database: str, catalogue: psycopg.Connection) -> None:
    payload = {**LEAD, "phone": "nobody", "postal_code": "10001"}
    answer = submit(catalogue, Posting(1, "bad_phone", None, payload, Expected("rejected")))
    shown = explain(database, str(answer.lead_id)).stdout
    assert f"Lead {answer.lead_id}: Rejected: phone is not a valid number" in shown
    assert "postal_code_not_allowed (postal_code): Invalid postal_code for offer" in shown


def test_an_extension_is_mentioned_and_not_shown(database: str, catalogue: psycopg.Connection) -> None:
    payload = {**LEAD, "phone": "512-555-0178 ext: 4711"}
    answer = submit(catalogue, Posting(1, "good", None, payload, Expected("sold")))
    shown = explain(database, str(answer.lead_id)).stdout
    assert "  phone: with an extension, which buyers are sent\n" in shown
    assert "4711" not in shown


def test_json_is_the_database_s_own(database: str, catalogue: psycopg.Connection, answer: Answer) -> None:
    row = catalogue.execute("select leadgen.explain_lead(%s)", [answer.lead_id]).fetchone()
    assert row is not None
    assert json.loads(explain(database, "--json", str(answer.lead_id)).stdout) == row[0]


def test_no_such_lead_is_one_line(database: str) -> None:
    done = explain(database, "404")
    wanted = "leadgen: no lead 404: `leadgen find` finds a lead by phone, e-mail, key or attribute\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", wanted)
