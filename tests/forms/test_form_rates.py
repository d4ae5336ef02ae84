"""The rate limits of senders hold for the public form; what was typed is not lost by them."""

from pathlib import Path

import psycopg
import pytest

from api.serving import add_catalogue, running_api
from console.people import Tab
from forms.conftest import ADD_FORM, TEXT
from forms.test_forms import FORM, fill_in
from rig.cluster import Cluster


@pytest.mark.parametrize(("limit", "keeps"), [("source", True), ("address", False)])
def test_a_rate_limit_refuses_until_later(
    cluster: Cluster, template: str, tmp_path: Path, limit: str, keeps: bool
) -> None:
    with cluster.clone(template) as database:
        add_catalogue(database)
        with psycopg.connect(database, autocommit=True) as market:
            market.execute("select leadgen.add_consent_text('tcpa-1', %s)", [TEXT])
            market.execute(ADD_FORM)
            market.execute(
                "update leadgen.rate_limits set amount = 3, per_seconds = 86400, is_active = true"
                " where name = %s",
                [limit],
            )
        with running_api(database, tmp_path, ENVIRONMENT="development") as site:
            visitor = Tab(site)
            answers = [visitor.send(FORM, **fill_in(name="Kept Name")) for _ in range(8)]
    assert answers[-1].status == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert ("Kept Name" in visitor.page) is keeps
