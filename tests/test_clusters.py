"""The servers of the tests: what processes of a run share, and the session that makes databases."""

from pathlib import Path

import psycopg
import pytest

from rig.cluster import Cluster, QuickCluster, Seed, running_cluster


def databases(cluster: Cluster) -> set[str]:
    with psycopg.connect(cluster.url("postgres")) as session:
        return {name for (name,) in session.execute("select datname from pg_database").fetchall()}


def test_the_first_process_of_a_run_makes_what_the_others_begin_with(tmp_path: Path) -> None:
    """The last removes it; one that comes after it, in the place of a process that died, makes it again."""
    made: list[str] = []

    def fill(cluster: Cluster) -> None:
        made.append(cluster.make_template("shared", lambda url: psycopg.connect(url).close()))

    seed = Seed(tmp_path, takers=2, fill=fill)
    for copies, left in ((1, True), (1, False), (2, False)):
        with running_cluster(seed) as cluster, cluster.clone("shared"):
            assert {"shared", "test_1"} <= databases(cluster)
        assert len(made) == copies
        assert (tmp_path / "seed").exists() == left


def test_what_fails_is_not_shared(tmp_path: Path) -> None:
    def fail(_: Cluster) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), running_cluster(Seed(tmp_path, 1, fail)):
        pass
    with running_cluster(Seed(tmp_path, 2, lambda cluster: cluster.create("shared"))) as cluster:
        assert "shared" in databases(cluster)


def test_a_cluster_whose_session_was_ended_opens_another(cluster: QuickCluster) -> None:
    with cluster.clone("template0"):
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as session:
            session.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = 'postgres' and pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
        with cluster.clone("template0") as url:
            assert url.rpartition("/")[2].split("?")[0] in databases(cluster)


def test_a_clone_has_the_owners_and_rights_of_its_template(cluster: Cluster, template: str) -> None:
    """Only what would keep a role from being dropped is missing: see QuickCluster."""
    with cluster.clone(template) as url, psycopg.connect(url) as session:
        owner = "select relowner::regrole::text, relacl is not null from pg_class where oid = 'leadgen.leads'::regclass"
        assert session.execute(owner).fetchall() == [("leadgen_owner", True)]
        session.execute("grant trigger on leadgen.leads to leadgen_api")
        session.execute("revoke select on leadgen.leads from leadgen_dba")
        query = "select has_table_privilege(%s, 'leadgen.leads', %s)"
        assert session.execute(query, ["leadgen_api", "trigger"]).fetchone() == (True,)
        assert session.execute(query, ["leadgen_dba", "select"]).fetchone() == (False,)
