"""A pgTAP file that has not its form is seen."""

import pytest

from form.pgtap import BODY, FILE, find_pgtap_faults
from form.rules import File

GOOD = """\
-- Sales: who gets a lead.
begin;
select plan(3);
create temp table ids as select testkit.make_offer() as offer_id;
create function pg_temp.sell(p_offer_id bigint) returns jsonb language plpgsql as $$
begin
  return testkit.submit(p_offer_id) || '{"x": 1}'::jsonb || jsonb_build_object('a || b', 1); -- and 'a' || 'b'
end;
$$;
select is(pg_temp.sell(offer_id) ->> 'status', format('%s', 'accepted'), 'Ace gets the lead') from ids;
select is(array[1] || '{2}'::integer[], '{1,2}', 'andirons are no conjunction');
select ok(true, 'it''s || fine');

select * from finish();
rollback;
"""


def faults_of(text: str, name: str = "pgtap/market/sales.sql") -> list[str]:
    """The rules that a file breaks, with their subjects."""
    return [f"{fault.rule} {fault.subject}" for fault in find_pgtap_faults(File(name, text))]


def test_a_good_file_has_no_fault() -> None:
    assert faults_of(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("-- Sales: who gets a lead.\n", "", "heading"),
        ("'Ace gets the lead'", f"'Ace gets the lead {'again ' * 20}'", "line"),
        ("-- Sales: who", f"-- Sales: who {'and who ' * 20}", "line"),
        ("begin\n  return", "begin\n" + "  perform 1;\n" * BODY + "  return", "body"),
        ("'{\"x\": 1}'::jsonb", "'{\"x\": 1}'", "join"),
        ("format('%s', 'accepted')", "'accep' || 'ted'", "join"),
        ("format('%s', 'accepted')", "E'accep' || offer_id", "join"),
        ("format('%s', 'accepted')", "offer_id || ' accepted'", "join"),
        ("format('%s', 'accepted')", "offer_id\n  || -- why\n 'accepted'", "join"),
        ("format('%s', 'accepted')", "offer_id || U&'accepted'", "join"),
        ("'Ace gets the lead'", "'and Ace gets the lead'", "name"),
        ("'Ace gets the lead'", "'Then Ace gets the lead'", "name"),
        ("select testkit.make_offer() as", "select 1 as", ""),
        (
            "create temp table ids as select testkit.make_offer() as offer_id;",
            "insert into leadgen.offers (id) values (1);",
            "catalogue",
        ),
    ],
)
def test_a_fault_is_seen(old: str, new: str, rule: str) -> None:
    assert old in GOOD
    assert faults_of(GOOD.replace(old, new)) == ([f"{rule} pgtap/market/sales.sql"] if rule else [])


def test_a_fault_names_its_lines() -> None:
    (fault,) = find_pgtap_faults(
        File("pgtap/a.sql", GOOD.replace("'Ace gets the lead'", "'and Ace gets the lead'"))
    )
    assert fault.detail == "a test's name that goes on with another's: 10"


def test_a_long_file_is_seen() -> None:
    assert faults_of(GOOD + "\n" * FILE) == ["file pgtap/market/sales.sql"]


def test_helpers_may_write_the_catalogue() -> None:
    text = GOOD.replace("select plan(3);", "insert into leadgen.offers (id) values (1);")
    assert faults_of(text, "pgtap/helpers/catalogue.sql") == []
