"""An API with a public form on a database of its own."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import Api, add_catalogue, running_api
from rig.cluster import Cluster

RULES = {
    "allowed_postal_codes": ["787*"],
    "required_fields": ["attributes.job_type"],
    "field_rules": {
        "attributes.job_type": {"enum": ["leak", "water_heater"]},
        "attributes.bathrooms": {"type": "integer", "minimum": 1, "maximum": 9},
        "attributes.owner": {"type": "boolean"},
    },
    "consent_required": True,
    "honeypot": "website",
    "form_token": {"min_seconds": 0},
}
TEXT = "I agree that plumbers <call> me."
ADD_FORM = """
insert into leadgen.lead_forms (source_id, title, intro, labels, consent_text_version, frame_origins)
select s.id, 'Find a plumber', 'Three questions.', '{"attributes.job_type": "What is broken?"}', 'tcpa-1',
  '{https://partner.example}'
from leadgen.sources s where s.source_key = 'austin-plumbing-v1'
"""


@pytest.fixture(scope="module")
def site(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API, as in development: its pages come over http."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        with psycopg.connect(database, autocommit=True) as market:
            market.execute("update leadgen.validation_policies set rules = rules || %s", [Jsonb(RULES)])
            market.execute("select leadgen.add_consent_text('tcpa-1', %s)", [TEXT])
            market.execute(ADD_FORM)
        with running_api(database, tmp_path_factory.mktemp("site"), ENVIRONMENT="development") as running:
            yield running


@pytest.fixture
def market(site: Api) -> Iterator[psycopg.Connection]:
    """A superuser's session on its database."""
    with psycopg.connect(site.database, autocommit=True) as connection:
        yield connection
