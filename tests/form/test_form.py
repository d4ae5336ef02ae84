"""sql/functions has its form, and a file that has not is seen."""

import pytest

from form.allowed import NOT_YET, judge, read_allowed, read_files
from form.rules import BODY, FILE, File, find_faults

GOOD = """\
-- Sales: who gets a lead.

create or replace function market.pick(p_lead_id bigint, p_now timestamptz default now(), out price numeric(10, 2))
language plpgsql
stable
as $$
-- Why it is so. A name: "Old" and a text: 'NEW'.
declare
  c_line constant text := E'\\n''It\\'s';
  v_sale leadgen.lead_assignments;
begin
  begin
    v_sale := market.find(p_lead_id);
  exception
    when query_canceled or others then
      if market.is_odd(sqlstate) then
        raise;
      end if;
  end;
  price := 1;
end;
$$;
comment on function market.pick(bigint, timestamptz) is 'The price.';

create or replace function leadgen.submit(payload jsonb, context jsonb default '{}')
returns table (lead_id bigint)
language sql
as $$
  select 1;
$$;
comment on function leadgen.submit(jsonb, jsonb) is
  'Takes one lead.';
"""


def faults_of(text: str) -> list[str]:
    """The rules that a file breaks, with their subjects."""
    return [f"{fault.rule} {fault.subject}" for fault in find_faults(File("market/sales.sql", text))]


def test_the_functions_have_their_form() -> None:
    assert judge(read_files(), read_allowed(NOT_YET.read_text())) == []


def test_a_good_file_has_no_fault() -> None:
    assert faults_of(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("-- Sales: who gets a lead.\n", "", "heading market/sales.sql"),
        ("-- Sales: who gets a lead.", "--", "heading market/sales.sql"),
        ("-- Why it is so.", f"-- {'why ' * 30}", "line market/sales.sql"),
        ("'The price.'", f"'{'The price. ' * 10}'", "line market/sales.sql"),
        ("  price := 1", "   price := 1", "spaces market/sales.sql"),
        ("  price := 1", "\tprice := 1", "spaces market/sales.sql"),
        ("price := 1;", "price := 1; ", "spaces market/sales.sql"),
        ("  v_sale leadgen", "  V_sale leadgen", "case market/sales.sql"),
        ("end;\n$$", "END;\n$$", "case market/sales.sql"),
        ("  price := 1;\n", "  price := 1;\n" * BODY, "body market.pick"),
        ("comment on function market.pick", "\ncomment on function market.pick", "comment market.pick"),
        ("comment on function market.pick", "comment on function market.pack", "comment market.pick"),
        ("as $$\n  select 1;\n$$;", "as $x$\n  select 1;\n$x$;", "shape leadgen.submit"),
        ("p_lead_id bigint", "lead_id bigint", "names market.pick"),
        ("market.pick(", "market.check_pick(", "verb market.check_pick"),
        ("leadgen.submit(", "leadgen.is_submitted(", "verb leadgen.is_submitted"),
        ("p_lead_id bigint", "inout lead_id bigint", "names market.pick"),
        ("(payload jsonb", "(body jsonb", "names leadgen.submit"),
        ("function leadgen.submit", "function market.submit", "names market.submit"),
        ("  v_sale leadgen", "  sale leadgen", "names market.pick"),
        ("        raise;\n", "        null;\n", "handler market.pick"),
        ("        raise;\n", "        raise warning 'odd';\n", "handler market.pick"),
        (
            "  end;\n  price := 1;\nend",
            "  end;\nexception when others then\n  null;\nend",
            "handler market.pick",
        ),
        (
            "    when query",
            "    when others then\n      null;\n    when query",
            "handler market.pick",
        ),
        ("  begin\n", "  declare\n    again text;\n  begin\n", "names market.pick"),
    ],
)
def test_a_fault_is_seen(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    assert fault in faults_of(GOOD.replace(old, new))


@pytest.mark.parametrize(
    "statement", ["insert into leadgen.leads values (1)", "update leadgen.leads l set id = 1"]
)
def test_a_verb_that_reads_writes_nothing(statement: str) -> None:
    text = GOOD.replace("price := 1", statement)
    assert faults_of(text) == []
    assert faults_of(text.replace("market.pick(", "market.find_pick(")) == ["verb market.find_pick"]


def test_a_long_file_is_seen() -> None:
    assert faults_of(GOOD + "\n" * FILE) == ["file market/sales.sql"]


def test_lines_inside_of_a_string_are_what_they_are() -> None:
    text = GOOD.replace("'The price.'", "'The price,\n   and more.'").replace(
        "'Takes one lead.'", "$md$A\n B$md$"
    )
    assert faults_of(text) == []


def test_a_fault_may_be_known_and_a_mended_one_may_not() -> None:
    files = [File("market/sales.sql", GOOD + "\n" * FILE)]
    assert judge(files, {"file market/sales.sql": "known"}) == []
    assert judge(files, {}) == [
        f"file market/sales.sql: {files[0].text.count(chr(10))} lines, at most {FILE}: one subject a file"
    ]
    mended = {"file market/sales.sql": "known", "body market.pick": "known"}
    assert judge(files, mended) == ["body market.pick: mended, so take it out of tests/form/not_yet"]


def test_a_known_fault_has_a_reason() -> None:
    assert read_allowed("# head\n\nline  a/b.sql  # an example\n") == {"line a/b.sql": "an example"}
    with pytest.raises(ValueError, match="say why"):
        read_allowed("line a/b.sql\n")
