"""Files of leads as spreadsheets write them: encodings, delimiters, quotation marks, rows of any form."""

import codecs
import csv
import io
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadgen.errors import LeadGenError
from leadgen.imports.cells import disarm, read_cell
from leadgen.imports.source_file import SourceFile, source_file
from leadgen.imports.table import MAX_RECORD

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Make a file of these bytes."""

    def write_file(content: bytes) -> Path:
        path = tmp_path / "leads.csv"
        path.write_bytes(content)
        return path

    return write_file


def read(path: Path, encoding: str | None = None, delimiter: str | None = None) -> SourceFile:
    """A file as it is read, with all its rows."""
    with source_file(str(path), encoding, delimiter) as opened:
        rows = list(opened.table.rows)
        return opened._replace(table=opened.table._replace(rows=iter(rows)))


def cells_of(opened: SourceFile) -> list[list[str]]:
    """The meaning of all cells; no row is at fault."""
    rows = list(opened.table.rows)
    assert [row.fault for row in rows if row.fault] == []
    return [[read_cell(cell) for cell in row.raw] for row in rows]


# A file by csv in any dialect and encoding is read back the same.

ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1252",
    "cp1251",
    "mac-roman",
)
cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "",
        '"',
        '""',
        "a,b",
        "a;b",
        "x\ny",
        "x\r\ny",
        "x\ry",
        "\ty",
        "'",
        "'=x",
        '="007"',
        "+1 512",
        "-",
        "é",
        "\x00",
        "a'b",
        " ",
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Headings that name fields, and rows of so many cells."""
    headings = draw(st.permutations(["name", "email", "phone", "City", "Zip Code"]))[
        : draw(st.integers(1, 5))
    ]
    row = st.lists(cells, min_size=len(headings), max_size=len(headings))
    return headings, draw(st.lists(row, max_size=6))


@settings(max_examples=400, deadline=None)
@given(
    table=tables(),
    encoding=st.sampled_from(ENCODINGS),
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    says_delimiter=st.booleans(),
)
@example(
    table=(["name", "email"], [["a\r\nb", '5"'], ["", ""], ["x", "="]]),
    encoding="utf-16",
    delimiter=";",
    ending="\r\n",
    quoting=csv.QUOTE_MINIMAL,
    says_delimiter=True,
)
def test_what_csv_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[list[str]]],
    encoding: str,
    delimiter: str,
    ending: str,
    quoting: int,
    says_delimiter: bool,
) -> None:
    headings, rows = table
    text = io.StringIO(newline="")
    if says_delimiter:
        text.write(f"sep={delimiter}\r\n" if ending == "\r" else f"sep={delimiter}{ending}")
    if any(sign in cell for row in rows for cell in row for sign in "\r\n"):
        quoting = csv.QUOTE_ALL  # csv does not quote a line break that is not the file's own
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([headings, *rows])
    written = text.getvalue().encode(encoding, errors="replace")
    path = tmp_path_factory.mktemp("files") / "leads.csv"
    path.write_bytes(written)
    opened = read(path, encoding, delimiter if len(headings) == 1 else None)
    assert opened.table.headings == headings
    kept = [[cell.encode(encoding, errors="replace").decode(encoding) for cell in row] for row in rows]
    wanted = [[read_cell(cell) for cell in row] for row in kept if any(cell.strip() for cell in row)]
    assert cells_of(opened) == wanted
    assert opened.table.delimiter == delimiter


@settings(max_examples=500, deadline=None)
@given(cell=cells | st.text("'=+-@\uff1d\uff0b\uff0d\uff20 \t\"a0", max_size=8))
def test_a_cell_of_a_report_means_what_it_meant_and_is_no_formula(cell: str) -> None:
    safe = disarm(cell)
    assert read_cell(safe) == read_cell(cell)
    assert not safe.strip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


# Encodings.

LEADS = (
    "name;email;city\r\nJosé Muñoz;jose@example.com;Zürich\r\nRenée O\u2019Neil;renee@example.com;Orléans\r\n"
)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (LEADS.encode("utf-8"), "UTF-8"),
        (LEADS.encode("utf-8-sig"), "UTF-8"),
        (codecs.BOM_UTF16_LE + LEADS.encode("utf-16-le"), "UTF-16"),
        (codecs.BOM_UTF16_BE + LEADS.encode("utf-16-be"), "UTF-16"),
        (LEADS.encode("utf-16-le"), "UTF-16"),
        (LEADS.encode("utf-16-be"), "UTF-16"),
        (LEADS.encode("utf-32"), "UTF-32"),
        (LEADS.encode("cp1252"), "Windows-1252"),
    ],
)
def test_the_encoding_is_found(write: Write, content: bytes, name: str) -> None:
    opened = read(write(content))
    assert opened.encoding.name == name
    assert cells_of(opened)[0] == ["José Muñoz", "jose@example.com", "Zürich"]
    assert opened.encoding.is_guess == (name == "Windows-1252")


def test_a_guess_shows_a_text_to_check_it_by(write: Write) -> None:
    assert read(write(LEADS.encode("cp1252"))).telling == "José Muñoz"


def test_cyrillic_is_no_western_text(write: Write) -> None:
    rows = "".join(f"Ольга Смирнова;o{n}@example.com;Москва\n" for n in range(30))
    opened = read(write(f"name;email;city\n{rows}".encode("cp1251")))
    assert opened.encoding.name == "Windows-1251"
    assert cells_of(opened)[0][0] == "Ольга Смирнова"


def test_a_broken_character_does_not_change_the_encoding(write: Write) -> None:
    content = LEADS.encode() + b"Ann\xff,ann@example.com,Graz\r\n".replace(b",", b";")
    opened = read(write(content))
    assert (opened.encoding.name, opened.encoding.broken) == ("UTF-8", 1)
    assert cells_of(opened)[2][0] == "Ann\ufffd"


def test_a_character_that_a_chunk_ends_in_is_whole(write: Write) -> None:
    filler = "a" * ((1 << 20) - 12)
    opened = read(write(f"name;email\n{filler}é;x\n".encode()))
    assert (opened.encoding.name, opened.encoding.broken) == ("UTF-8", 0)


def test_an_encoding_that_the_file_does_not_have_is_refused(write: Write) -> None:
    for encoding in ("utf-16", "utf-32"):
        with pytest.raises(LeadGenError, match="does not start with BOM"):
            read(write(b"name,email\nAnn,a@x.example\n"), encoding)


def test_an_unknown_encoding_is_refused(write: Write) -> None:
    with pytest.raises(LeadGenError, match="--encoding: found klingon, allowed the name of an encoding"):
        read(write(b"name,email\n"), "klingon")
    with pytest.raises(LeadGenError, match="--encoding: found base64"):
        read(write(b"name,email\n"), "base64")


# Rows.


def lines_of(opened: SourceFile) -> list[tuple[int, str | None]]:
    return [(row.line, row.fault) for row in opened.table.rows]


def test_blank_lines_and_blank_rows_are_no_rows(write: Write) -> None:
    opened = read(write(b"\n\nname;email;;\n\nAnn;a@x.example;;\n;;;\n   ;\nBob;b@x.example\n\n"))
    assert opened.table.headings == ["name", "email"]
    assert cells_of(opened) == [["Ann", "a@x.example"], ["Bob", "b@x.example"]]


def test_lines_are_told_as_an_editor_counts_them(write: Write) -> None:
    opened = read(write(b'name,message\nAnn,"one\ntwo"\n\nBob,three\n'))
    assert lines_of(opened) == [(2, None), (5, None)]


def test_headings_are_told_apart(write: Write) -> None:
    opened = read(write(b' Phone ,Phone,,"E\nMail",="Zip",Phone\n1,2,3,4,5,6\n'))
    assert opened.table.headings == ["Phone", "Phone (2)", "column 3", "E Mail", "Zip", "Phone (3)"]


def test_a_line_that_is_no_headings_is_refused_soon(write: Write) -> None:
    """Names that are alike are told apart in one go, however many there are."""
    with pytest.raises(LeadGenError, match=r"found 20,000 columns in the first line, allowed 1,000"):
        read(write(b"a," * 20_000 + b"\n1\n"))


def test_a_short_row_lacks_its_last_cells(write: Write) -> None:
    assert cells_of(read(write(b"name,email,city\nAnn\n"))) == [["Ann", "", ""]]


def test_a_row_with_more_texts_than_headings_is_at_fault(write: Write) -> None:
    opened = read(write(b"name,email\nAnn,a@x.example,,\nBob,b@x.example,Austin,TX\n"))
    assert lines_of(opened) == [(2, None), (3, "it has 4 cells, allowed at most 2, one for each heading")]


MARKS = "its quotation marks are wrong: one is not closed, or not doubled inside a text"


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        (['Ann,"5 inch', "Bob,x", "Cy,y"], [MARKS, None, None]),  # to the end of the file
        (['Ann,"5 inch', 'Bob,"x"', "Cy,y"], [MARKS, None, None]),  # to the next mark, which is right
        (['Ann,"say "hi" there"', "Bob,x"], [MARKS, None]),
        (['Ann,5" pipe', 'Bob,"5"" pipe"'], [None, None]),
        (['Ann, "with a blank before"', "Bob,x"], [None, None]),
    ],
)
def test_wrong_quotation_marks_cost_one_row(
    write: Write, rows: Sequence[str], faults: Sequence[str | None]
) -> None:
    opened = read(write("\n".join(["name,message", *rows]).encode()))
    found = list(opened.table.rows)
    assert [row.fault for row in found] == faults
    assert [row.raw[0] for row in found] == [row.partition(",")[0] for row in rows]
    assert [row.line for row in found] == list(range(2, len(rows) + 2))


def test_a_mark_that_is_open_for_long_costs_one_row(write: Write) -> None:
    filler = b"Bob,x\n" * (MAX_RECORD // 6 + 10)
    path = write(b'name,message\nAnn,"open\n' + filler)
    with source_file(str(path), None, None) as opened:
        assert next(opened.table.rows).fault == MARKS
        assert next(opened.table.rows) == (3, ["Bob", "x"], None)


def test_marks_that_are_wrong_in_every_row_are_not_read_for_ever(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row looks as if it went on to the end of the file, so that is read for each."""
    monkeypatch.setattr("leadgen.imports.table.MAX_RECORD", 4_000)
    wrong = b'Ann","Bob\n'
    opened = read(write(b"name,email\n" + wrong * 10))
    assert lines_of(opened) == [(line, MARKS) for line in range(2, 12)]
    with pytest.raises(
        LeadGenError, match=r"line 2\d: found quotation marks that are wrong, as in many rows"
    ):
        read(write(b"name,email\n" + wrong * 1_000))


def test_a_line_without_end_is_refused(write: Write) -> None:
    with pytest.raises(
        LeadGenError, match=r"line 1: found more than 4,000,000 characters without a line break"
    ):
        read(write(b"x" * (MAX_RECORD + 1)))
    with pytest.raises(LeadGenError, match="line 2: found more than"):
        read(write(b"name,email\nAnn," + b"x" * (MAX_RECORD + 1)))


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        ('="00123"', "00123"),
        ('="a ""b"""', 'a "b"'),
        ("'+15125550123", "+15125550123"),
        ("'=1+1", "=1+1"),
        ("=1+1", "=1+1"),
        ("'tis", "'tis"),
        ("  x\u00a0", "x"),
    ],
)
def test_a_cell_is_read_as_meant(cell: str, meaning: str) -> None:
    assert read_cell(cell) == meaning


# Delimiters.


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write: Write, delimiter: str) -> None:
    other = "," if delimiter != "," else ";"
    rows = [
        ["Full Name", "E-Mail", f"Notes{other} more"],
        ["Ann", "a@x.example", f"a{other}b{other}c{other}d"],
    ]
    text = "\n".join(delimiter.join(row) for row in rows)
    opened = read(write(text.encode()))
    assert opened.table.delimiter == delimiter
    assert opened.table.headings == ["Full Name", "E-Mail", f"Notes{other} more"]


def test_a_file_may_say_its_delimiter(write: Write) -> None:
    for says, delimiter in ((b"sep=;", ";"), (b"SEP=\t", "\t"), (b"\xef\xbb\xbfsep=|", "|")):
        row = delimiter.join(["foo", "bar"]).encode()
        opened = read(write(says + b"\r\n" + row + b"\r\n" + row))
        assert opened.table.headings == ["foo", "bar"]
        assert lines_of(opened) == [(3, None)]


# What is no table.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found an empty file, allowed a file whose first line has the headings"),
        (b"\xef\xbb\xbf\r\n\r\n", "found an empty file"),
        (b"PK\x03\x04rest", "found an Excel workbook or another ZIP file, allowed a CSV file"),
        (b"\xd0\xcf\x11\xe0rest", "found an Excel workbook"),
        (b"\x1f\x8brest", "found a compressed file"),
        (
            b'name,"email,phone\nAnn,a@x.example,1\n',
            "line 1 has the headings, and its quotation marks are wrong",
        ),
    ],
)
def test_what_is_no_table_is_refused(write: Write, content: bytes, said: str) -> None:
    with pytest.raises(LeadGenError, match=said):
        read(write(content))


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LeadGenError, match=r"none\.csv: No such file or directory"):
        read(tmp_path / "none.csv")
    with pytest.raises(LeadGenError, match="Is a directory"):
        read(tmp_path)
    with pytest.raises(LeadGenError, match="/dev/zero: found a device, allowed a file"):
        read(Path("/dev/zero"))


def test_memory_does_not_grow_with_the_file(write: Write) -> None:
    def most(rows: int) -> int:
        path = write(b"name,email,message\n" + b"Ann,a@x.example,the drain is clogged again\n" * rows)
        tracemalloc.start()
        try:
            with source_file(str(path), None, None) as opened:
                assert sum(1 for _ in opened.table.rows) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    most(100)
    small, large = most(30_000), most(120_000)
    assert large < small + 500_000  # the larger file has 4 MB more
