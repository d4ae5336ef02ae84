"""The part of `leadgen doctor` that needs keys: whether personal data is sealed, and can be opened."""

from collections.abc import Iterator
from typing import Any

import psycopg

from leadgen.cli.doctor_verdicts import Verdict, fail, ok, warn
from leadgen.cli.opening import find_ring
from leadgen.sealing.store import load_vault
from leadgen.words import count_of

MEASURE = "select leadgen.measure_sealing()"
# What a login's statements put into the server's log: by its own settings, else those that sessions begin with.
LOGGED = """
select r.rolname,
  coalesce(own.settings ->> 'log_parameter_max_length', begins.settings ->> 'log_parameter_max_length') as parameters,
  coalesce(own.settings ->> 'log_statement', begins.settings ->> 'log_statement') as statements,
  coalesce(own.settings ->> 'log_min_duration_statement', begins.settings ->> 'log_min_duration_statement') as slow
from pg_roles r
cross join (select jsonb_object_agg(s.name, s.reset_val) as settings from pg_settings s) begins
cross join lateral (
  select jsonb_object_agg(split_part(c, '=', 1), split_part(c, '=', 2) order by s.setdatabase) as settings
  from pg_db_role_setting s, unnest(s.setconfig) c
  where s.setrole = r.oid
    and s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
) own
where r.rolname in ('leadgen_api', 'leadgen_worker')
order by 1
"""
SEAL = "docs/how-to/seal-personal-data.md"
LOST = "docs/runbooks/key-lost.md"


def examine_sealing(connection: psycopg.Connection[Any]) -> Iterator[Verdict]:
    """Whether personal data is sealed, and can be opened."""
    row = connection.execute(MEASURE).fetchone()
    found: dict[str, Any] = row[0] if row else {}
    ring = find_ring()
    if ring is None:
        if found["seals"]:
            yield fail("sealing", "the database seals personal data, and PII_KEYS is not set here", LOST)
        else:
            yield warn("sealing", "personal data is stored clear: PII_KEYS is not set", SEAL)
        return
    vault = load_vault(connection, ring)
    old = {key: keys for key, keys in found["wrapped_by"].items() if key != ring.current}
    if not found["seals"]:
        yield warn("sealing", "PII_KEYS is set, and no API and no worker has started with it yet", SEAL)
    elif vault.faults:
        yield fail("sealing", vault.faults[0], LOST)
    elif old:
        keys = count_of(sum(old.values()), "data key")
        yield warn(
            "sealing",
            f"{keys} wrapped by {', '.join(sorted(old))}, not by {ring.current}",
            "leadgen sealing rotate",
        )
    elif found["walks"]:
        rows = count_of(found["waiting"], "row")
        yield warn("sealing", f"workers still look for leads to seal; {rows} to be sealed", "wait")
    elif found["waiting"]:
        rows = count_of(found["waiting"], "row")
        yield warn(
            "sealing", f"{rows} to be sealed by a worker", "start a worker with PII_KEYS: leadgen worker"
        )
    else:
        yield ok("sealing", f"personal data is sealed under {ring.current}")


def examine_log(connection: psycopg.Connection[Any]) -> Iterator[Verdict]:
    """Whether PostgreSQL's log may have what is sealed in the tables."""
    for role, parameters, statements, slow in connection.execute(LOGGED).fetchall():
        logs = statements in ("mod", "all") or slow != "-1"
        if logs and parameters != "0":
            yield fail(
                "server log",
                "it may have leads in clear",
                f"as a superuser: alter role {role} set log_parameter_max_length = 0",
            )
            return
    yield ok("server log", "statements are logged without their parameters, or not at all")
