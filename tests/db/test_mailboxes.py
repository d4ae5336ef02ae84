"""Leads of an earlier release and the mailboxes of their addresses."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from concurrency.sessions import submit
from db.conftest import Upgraded
from rig.catalogue import make_lead
from rig.cluster import Cluster
from rig.mailboxes import check_index, codes


@pytest.fixture
def older(cluster: Cluster, any_upgraded: Upgraded) -> Iterator[psycopg.Connection[Any]]:
    """A database of an earlier commit, as today's deploy leaves it."""
    with (
        cluster.clone(any_upgraded.template) as url,
        psycopg.connect(url, autocommit=True) as session,
    ):
        yield session


def test_leads_of_an_earlier_release_are_found_by_their_mailbox(older: psycopg.Connection[Any]) -> None:
    """Their policy is changed after the upgrade; nothing is filled in."""
    row = older.execute(
        """
        select l.email, s.source_key, l.created_at, l.offer_id, to_jsonb(l) - 'email' as lead
        from leadgen.leads l join leadgen.sources s on s.id = l.source_id
        where l.validation_reason is null and l.erased_at is null and position('@' in l.email) > 1
          and s.source_key is not null and l.attributes <> '{}'
        order by l.id desc limit 1
        """
    ).fetchone()
    assert row
    email, source_key, created_at, offer_id, old = row
    older.execute("select set_config('leadgen.clock', %s::timestamptz::text, false)", [created_at])
    lead = make_lead(source_key) | {
        "email": email.replace("@", "+again@"),
        **{name: old[name] for name in ("postal_code", "city", "attributes", "message", "consent")},
    }
    lead = {name: value for name, value in lead.items() if value is not None}
    assert "duplicate" not in codes(submit(older, lead))
    older.execute(
        """
        update leadgen.validation_policies p
        set rules = p.rules || '{"duplicate_window_hours": 24, "duplicate_match": ["mailbox"]}'
        from leadgen.offers o where o.id = %s and p.id = o.validation_policy_id
        """,
        [offer_id],
    )
    lead |= {"email": email.replace("@", "+once.more@"), "phone": "+15125550198"}
    assert "duplicate" in codes(submit(older, lead))
    check_index(older, 1)
