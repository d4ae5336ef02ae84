"""The demo's catalogue loads into any migrated database, and is true to the world."""

import os
import subprocess
import sys

import psycopg


def column(connection: psycopg.Connection, query: str) -> list[object]:
    return [row[0] for row in connection.execute(query.encode())]


def test_every_service_area_is_real(catalogue: psycopg.Connection) -> None:
    unreal = """
    select b.name || ': ' || a.scope_value
    from leadgen.buyer_service_areas a
    join leadgen.buyers b on b.id = a.buyer_id
    join leadgen.markets m on m.id = a.market_id
    where not exists (
      select from leadgen.postal_places p
      where p.country_code = m.country_code and p.region_code = m.region_code
        and case a.scope_type
          when 'city' then p.city_key = a.scope_key
          else p.postal_code like replace(a.scope_key, '*', '%')
        end
    )
    """
    assert column(catalogue, "select count(*) from leadgen.buyer_service_areas") == [92]
    assert column(catalogue, unreal) == []
    catalogue.execute(
        "update leadgen.buyer_service_areas set scope_value = '78799*' where scope_value = '787*'"
    )
    assert column(catalogue, unreal) == []
    catalogue.execute(
        "update leadgen.buyer_service_areas set scope_value = '78700' where scope_value = '78701'"
    )
    assert len(column(catalogue, unreal)) == 2


def test_it_has_what_the_demo_shows(catalogue: psycopg.Connection) -> None:
    assert column(catalogue, "select slug from leadgen.markets order by id") == ["austin", "tampa", "denver"]
    assert column(catalogue, "select count(*) from leadgen.buyers") == [24]
    assert column(
        catalogue, "select distinct config ->> 'strategy' from leadgen.routing_policies order by 1"
    ) == [
        "priority",
        "round_robin",
        "weighted",
    ]
    assert column(catalogue, "select distinct scope_type from leadgen.offer_exclusivities order by 1") == [
        "city",
        "postal_code",
    ]
    offers_of_each_market = "select count(distinct vertical_id) from leadgen.offers group by market_id"
    assert column(catalogue, offers_of_each_market) == [3, 3, 3]


def test_everything_is_joined_up(catalogue: psycopg.Connection) -> None:
    without = "select slug from leadgen.offers where id not in (select offer_id from leadgen.%s)"
    assert column(catalogue, without % "sources") == []
    assert column(catalogue, without % "buyer_offers") == []
    idle = "select name from leadgen.buyers where id not in (select buyer_id from leadgen.%s)"
    assert column(catalogue, idle % "buyer_offers") == []
    assert column(catalogue, idle % "buyer_service_areas") == []
    unreachable = "select name from leadgen.buyers where webhook_url is null and not email_notifications"
    assert column(catalogue, unreachable) == []


def test_it_is_loaded_by_one_command(database: str) -> None:
    command = [sys.executable, "-c", "from leadgen.cli import main; main()", "load", "demo"]
    environment = {**os.environ, "DATABASE_URL": database}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "loaded the demo's catalogue\n")
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "markets_slug_unique" in again.stderr
    with psycopg.connect(database) as connection:
        assert column(connection, "select count(*) from leadgen.buyers") == [24]
