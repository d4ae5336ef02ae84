"""A server for these tests alone, as durable as in production, for it is killed; and runs on it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from faults.run import Run, running
from leadgen.db.cluster import Cluster
from leadgen.db.embedded import EmbeddedServer
from leadgen.settings import Settings
from rig.deploys import deploy_small
from rig.guard import server_directory

TEMPLATE = "template_faults"

Begin = Callable[..., AbstractAsyncContextManager[Run]]


@pytest.fixture(scope="session")
def mortal_cluster() -> Iterator[Cluster]:
    """A server that tests kill and bring back, with the template database."""
    with server_directory("leadgen-faults-", on_disk=True) as directory:
        server = EmbeddedServer(directory)
        server.start()
        cluster = Cluster(server, "faults")
        settings = Settings(environment="development")  # receivers are on loopback
        cluster.make_template(TEMPLATE, lambda url: deploy_small(url, settings))
        yield cluster


@pytest.fixture
def begin(mortal_cluster: Cluster, tmp_path: Path) -> Begin:
    """`async with begin(seed=1) as run:`"""
    return lambda seed=0, **options: running(mortal_cluster, TEMPLATE, tmp_path, seed, **options)
