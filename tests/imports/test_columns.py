"""Which column is which field: guessed, said, left out; and a row as a lead."""

import json
import re
from collections.abc import Mapping, Sequence

import psycopg
import pytest

from leadgen.errors import LeadGenError
from leadgen.imports.columns import KEY, SPELLINGS, Column, Others, list_missing, match_columns, read_map
from leadgen.imports.lead import MAX_BYTES, Lead, Occurrences, Reader, RowError
from leadgen.imports.table import Row


def fields(
    headings: Sequence[str], said: Mapping[str, str] | None = None, others: Others = Others.LEFT_OUT
) -> dict[str, str]:
    return {column.heading: column.field for column in match_columns(headings, said or {}, others)}


def test_the_fields_are_those_of_a_submission(module_session: psycopg.Connection) -> None:
    (rows,) = module_session.execute(
        "select array(select jsonb_object_keys(intake.list_limits())) || '{consent,gdpr_consent}'"
    ).fetchall()
    assert set(SPELLINGS) - {"first_name", "last_name"} == set(rows[0]) - {"source_key"}


def test_no_spelling_means_two_fields() -> None:
    spellings = [one for field, more in SPELLINGS.items() for one in (field.replace("_", ""), *more.split())]
    assert len(spellings) == len(set(spellings))
    assert all(re.fullmatch("[a-z0-9]+", one) for one in spellings)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Phone Number", "phone"),
        ("phone_number", "phone"),
        ("E-Mail", "email"),
        ("ZIP", "postal_code"),
        ("State/Province", "region_code"),
        ("Full Name", "name"),
        ("UTM Source", "utm_source"),
        ("Attributes.roof_age", ""),
        ("attributes.roof_age", "attributes.roof_age"),
        ("attributes[roof age]", "attributes.roof age"),
        ("Notes", ""),  # of a person's own, perhaps not for buyers
        ("source_key", ""),
    ],
)
def test_a_heading_is_read_as_people_spell_it(heading: str, field: str) -> None:
    assert fields(["City", heading])[heading] == field


def test_what_is_said_goes_before_what_is_guessed() -> None:
    headings = ["Phone", "Office", "Zip"]
    assert fields(headings, {"Office": "phone"}) == {"Phone": "", "Office": "phone", "Zip": "postal_code"}
    assert fields(headings, {"phone": ""}) == {"Phone": "", "Office": "", "Zip": "postal_code"}
    assert fields(headings, {"office": "attributes.office"})["Office"] == "attributes.office"


def test_a_name_is_whole_or_in_halves() -> None:
    assert fields(["Last Name", "First Name"]) == {"Last Name": "last_name", "First Name": "first_name"}
    assert fields(["First Name", "Name"]) == {"First Name": "", "Name": "name"}
    assert fields(["First Name", "Who"], {"Who": "name"}) == {"First Name": "", "Who": "name"}


def test_others_become_attributes_when_told() -> None:
    headings = ["name", "Roof Age (years)", "roof-age years", "Größe", "?"]
    assert fields(headings, {"?": "attributes.what"}, Others.ATTRIBUTES) == {
        "name": "name",
        "Roof Age (years)": "attributes.roof_age_years",
        "roof-age years": "attributes.roof_age_years_2",
        "Größe": "attributes.größe",
        "?": "attributes.what",
    }


def test_nobody_loses_a_column_without_being_told() -> None:
    with pytest.raises(
        LeadGenError, match=r"no field of a lead is called 'Job' or 'Phone \(2\)'.*--attributes"
    ):
        fields(["Phone", "Job", "Phone (2)"], others=Others.REFUSED)
    assert fields(["Phone", "Job"], {"Job": ""}, Others.REFUSED) == {"Phone": "phone", "Job": ""}


@pytest.mark.parametrize(
    ("headings", "said", "message"),
    [
        (["name"], {"Nmae": "name"}, "--map: found the column 'Nmae', allowed 'name'"),
        (
            ["a", "b"],
            {"a": "phone", "b": "phone"},
            "--map: found 'a', 'b' for the field phone, allowed one column",
        ),
        (
            ["Ann", "5125550123"],
            {},
            "the first line is 'Ann', '5125550123': found no heading that names a field",
        ),
    ],
)
def test_a_map_that_cannot_be_is_refused(headings: list[str], said: dict[str, str], message: str) -> None:
    with pytest.raises(LeadGenError, match=re.escape(message)):
        fields(headings, said)


def test_a_map_is_lines() -> None:
    assert read_map(["Phone Number = phone", "a=b=email", "Notes="], "here") == {
        "Phone Number": "phone",
        "a=b": "email",
        "Notes": "",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("phone", "here: found 'phone', allowed COLUMN=FIELD"),
        ("=phone", "here: found '=phone', allowed COLUMN=FIELD"),
        ("Tel=fone", "here: found the field 'fone' for the column 'Tel', allowed attributes.NAME and name, "),
        ("Job=attributes.", "here: found the field 'attributes.'"),
        ("Tel=source_key", "here: found the field 'source_key'"),
    ],
)
def test_a_line_that_is_no_map_is_refused(line: str, message: str) -> None:
    with pytest.raises(LeadGenError, match=re.escape(message)):
        read_map([line], "here")
    with pytest.raises(LeadGenError, match=r"Did you mean phone\?"):
        read_map(["Tel=fone"], "here")
    with pytest.raises(LeadGenError, match="found 'phone' and 'email' for the column 'a', allowed one"):
        read_map(["a=phone", "a=email"], "here")


def test_what_every_lead_needs_is_missed() -> None:
    assert list_missing(match_columns(["Last Name", "Phone"], {}, Others.REFUSED)) == ["email", "postal_code"]


# A row as a lead.

HEADINGS = ["First Name", "Last Name", "Phone", "Job", "IP", "Browser", "import_lead"]
MAP = {"Job": "attributes.job", "Browser": "user_agent"}


def make_reader(
    key: str | None = None, api_key_hash: str | None = None, headings: Sequence[str] = HEADINGS
) -> Reader:
    columns = match_columns(headings, {k: v for k, v in MAP.items() if k in headings}, Others.REFUSED)
    return Reader(headings, columns, "austin", api_key_hash, key)


def make_row(*cells: str, line: int = 2) -> Row:
    return Row(line, [*cells, *[""] * (len(HEADINGS) - len(cells))])


def payload_of(lead: Lead) -> object:
    return json.loads(lead.payload)


def test_a_row_is_a_lead() -> None:
    lead = make_reader().read(make_row(" Ann ", "Fox", '="0512"', "'-leak", "192.0.2.7", "Mozilla"))
    assert payload_of(lead) == {
        "source_key": "austin",
        "name": "Ann Fox",
        "phone": "0512",
        "attributes": {"job": "-leak"},
    }
    assert lead.context.pop("idempotency_key").startswith("import:")
    assert lead.context == {"ip_address": "192.0.2.7", "user_agent": "Mozilla"}


def test_a_source_with_a_key_names_the_visitor_itself() -> None:
    lead = make_reader(api_key_hash="d1").read(make_row("Ann", "", "", "", "192.0.2.7", "Mozilla"))
    assert payload_of(lead) == {
        "source_key": "austin",
        "name": "Ann",
        "ip_address": "192.0.2.7",
        "user_agent": "Mozilla",
    }
    assert lead.context["api_key_hash"] == "d1"


def test_what_is_no_address_is_left_to_the_database() -> None:
    for text in ("here", "fe80::1%eth0"):
        lead = make_reader().read(make_row("Ann", "", "", "", text))
        assert payload_of(lead) == {"source_key": "austin", "name": "Ann", "ip_address": text}


def test_empty_cells_say_nothing() -> None:
    assert payload_of(make_reader().read(make_row("", " Fox"))) == {"source_key": "austin", "name": "Fox"}


def test_a_nul_is_replaced() -> None:
    assert payload_of(make_reader().read(make_row("An\0n"))) == {"source_key": "austin", "name": "An\ufffdn"}


def keys(reader: Reader, *rows: Row) -> list[str]:
    return [reader.read(row).context["idempotency_key"] for row in rows]


def test_a_key_is_made_of_all_that_a_row_says_and_its_number() -> None:
    ann, bob = make_row("Ann", "", "1"), make_row("Bob", "", "1")
    first = keys(make_reader(), ann, bob, ann)
    assert len(set(first)) == 3
    assert keys(make_reader(), ann, bob, ann) == first
    assert all(re.fullmatch(r"import:[0-9a-f]{40}:[12]", key) for key in first)


def test_a_key_does_not_depend_on_how_a_file_was_saved() -> None:
    plain, saved = make_row("Ann", "Fox", "0512"), make_row(" Ann", "Fox ", '="0512"')
    assert keys(make_reader(), plain) == keys(make_reader(), saved)
    longer = Row(2, [*plain.raw[:3], "", "", "", "", ""])
    with_more = make_reader(headings=[*HEADINGS[:6], "import_line", "import_lead"])
    assert keys(with_more, longer) == keys(make_reader(), plain)


def test_a_row_of_a_report_that_nobody_corrected_has_its_key() -> None:
    assert keys(make_reader(), make_row("Ann")) == keys(
        make_reader(), make_row("Ann", "", "", "", "", "", "77")
    )


def test_a_column_is_the_key() -> None:
    reader = make_reader("Job")
    assert keys(reader, make_row("Ann", "", "", "J-1"), make_row("Bob", "", "", "J-1")) == ["J-1", "J-1"]
    assert keys(reader, make_row("Ann", "", "", "J-1", "", "", "77")) == ["J-1:corrects:77"]
    with pytest.raises(RowError, match="Job: found nothing, allowed the key of the row"):
        reader.read(make_row("Ann"))


def test_a_column_is_mapped_to_the_key() -> None:
    headings = ["name", "idempotency_key"]
    columns = match_columns(headings, {}, Others.REFUSED)
    assert columns[1] == Column(1, KEY, KEY, is_guess=True)
    lead = Reader(headings, columns, "austin", None).read(Row(2, ["Ann", "k1"]))
    assert (payload_of(lead), lead.context) == (
        {"source_key": "austin", "name": "Ann"},
        {"idempotency_key": "k1"},
    )


def test_a_row_that_is_too_large_names_its_longest_cell() -> None:
    with pytest.raises(RowError, match=r"Job: found 1,000,000 characters, 1,\d+,\d+ bytes .* allowed 65,536"):
        make_reader().read(make_row("Ann", "Fox", "1", "x" * 1_000_000))
    least = len(make_reader().read(make_row("Ann", "", "1")).payload)
    make_reader().read(make_row("Ann" + "x" * (MAX_BYTES - least), "", "1"))
    with pytest.raises(RowError):
        make_reader().read(make_row("Ann" + "x" * (MAX_BYTES - least + 1), "", "1"))


def test_a_row_at_fault_is_no_lead() -> None:
    with pytest.raises(RowError, match="its quotation marks"):
        make_reader().read(Row(2, ["Ann"], "its quotation marks are wrong"))


def test_occurrences_are_counted() -> None:
    seen = Occurrences()
    assert [seen.count(one) for one in (b"a", b"b", b"a", b"a")] == [1, 1, 2, 3]
    seen.close()
