"""The servers of the tests: the session that makes databases, and what a clone has."""

import psycopg

from rig.cluster import Cluster, QuickCluster


def databases(cluster: Cluster) -> set[str]:
    with psycopg.connect(cluster.url("postgres")) as session:
        return {name for (name,) in session.execute("select datname from pg_database").fetchall()}


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
