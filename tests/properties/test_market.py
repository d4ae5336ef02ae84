"""Any catalogue, any stream of leads, any clock: every decision is what the specification says it is."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from properties.simulation import Simulation
from properties.world import Step, World, steps, worlds

STREAM = st.lists(steps, min_size=1, max_size=40)


@pytest.mark.timeout(600)  # a failing example is made smaller for up to five minutes
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # each example is rolled back
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(world=worlds(), stream=STREAM)
def test_every_decision_is_right(
    module_session: psycopg.Connection, world: World, stream: list[Step]
) -> None:
    """In one session, as those of a pool: what it planned and compiled for a world, the next one finds."""
    with module_session.transaction(force_rollback=True):
        play(module_session, world, stream)


def play(connection: psycopg.Connection, world: World, stream: list[Step]) -> None:
    """Each step is held against the oracle as it happens; then everything is sent once more."""
    simulation = Simulation(connection, world)
    for step in stream:
        simulation.play(step)
    simulation.check_end()
    before = simulation.fingerprint()
    for lead, answer in simulation.leads:
        assert simulation.submit(lead) == answer | {"repeated": True}
    assert simulation.fingerprint() == before
