"""Statements of a bank: CSV as banks write it, CAMT.053, and what is no statement."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest

from leadgen.errors import LeadGenError
from leadgen.imports.bank import name_lines, parse_xml, read_amount, read_camt, read_statement
from rig.catalogue import Catalogue

D = Decimal
Run = Callable[..., CompletedProcess[str]]

CSV = """Booking date;Amount;Currency;Payer;Description
02.11.2026;1.250,00;USD;Ace Plumbing;top-up {ref}
02.11.2026;-20,00;USD;The bank;fees
03.11.2026;75,00;USD;Somebody;hello
03.11.2026;75,00;USD;Somebody;hello
"""
CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
 <BkToCstmrStmt><Stmt>
  <Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>
  <Ntry>
   <Amt Ccy="USD">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
   <BookgDt><Dt>2026-11-02</Dt></BookgDt><AcctSvcrRef>A1</AcctSvcrRef>
   <NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Ace</Nm></Pty></Dbtr></RltdPties>
   <RmtInf><Ustrd>top-up</Ustrd><Ustrd>{ref}</Ustrd></RmtInf></TxDtls></NtryDtls>
  </Ntry>
  <Ntry>
   <Amt Ccy="USD">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
   <BookgDt><Dt>2026-11-03</Dt></BookgDt><AcctSvcrRef>A2</AcctSvcrRef><NtryDtls>
   <TxDtls><Amt Ccy="USD">10.00</Amt><RmtInf><Strd><CdtrRefInf><Ref>{ref}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
   <TxDtls><Amt Ccy="USD">20.00</Amt><RmtInf><Ustrd>who knows</Ustrd></RmtInf></TxDtls></NtryDtls>
  </Ntry>
  <Ntry>
   <Amt Ccy="USD">9.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
   <BookgDt><Dt>2026-11-03</Dt></BookgDt>
  </Ntry>
  <Ntry>
   <Amt Ccy="USD">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts>
   <BookgDt><Dt>2026-11-03</Dt></BookgDt>
  </Ntry>
 </Stmt></BkToCstmrStmt>
</Document>
"""


@pytest.fixture
def buyer(database: str) -> int:
    """A buyer who pays in advance."""
    with psycopg.connect(database, autocommit=True) as connection:
        return Catalogue(connection).add_buyer(billing_mode="prepaid", currency="USD", name="Ace")


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def balance(database: str) -> Decimal:
    with psycopg.connect(database) as connection:
        row = connection.execute("select balance from leadgen.buyers").fetchone()
    assert row
    value: Decimal = row[0]
    return value


def test_a_statement_in_csv_is_booked_once(run: Run, database: str, buyer: int, tmp_path: Path) -> None:
    reference = run("money", "payments", "reference", str(buyer)).stdout.strip()
    file = write(tmp_path / "bank.csv", CSV.format(ref=reference))
    said = run("money", "payments", "import", file)
    assert said.stdout == "3 lines: 1 booked, 2 wait, 0 known\n"
    assert "1 line left out" in said.stderr
    assert balance(database) == D(1250)
    assert run("money", "payments", "import", file).stdout == "3 lines: 0 booked, 0 wait, 3 known\n"
    assert balance(database) == D(1250)
    assert "names no buyer" in run("money", "payments", "unmatched").stdout
    assert "is payment" in run("money", "payments", "match", "2", str(buyer)).stdout
    assert balance(database) == D(1325)
    assert run("money", "payments", "ignore", "3", "--reason", "ours").stdout == "line 3 is ignored\n"
    assert "no line waits" in run("money", "payments", "unmatched").stderr


def test_a_camt_statement_is_booked_once(run: Run, database: str, buyer: int, tmp_path: Path) -> None:
    reference = run("money", "payments", "reference", str(buyer)).stdout.strip()
    file = write(tmp_path / "camt.xml", CAMT.format(ref=reference))
    said = run("money", "payments", "import", file)
    assert said.stdout == "3 lines: 2 booked, 1 wait, 0 known\n"
    assert "2 lines left out" in said.stderr
    assert balance(database) == D(110)
    assert run("money", "payments", "import", file).stdout == "3 lines: 0 booked, 0 wait, 3 known\n"


def test_the_lines_of_a_camt_statement_are_told_apart() -> None:
    lines = read_camt(CAMT.format(ref="LG-777").encode()).lines
    assert [(str(line.amount), line.reference, line.bank_id, line.payer) for line in lines] == [
        ("100.00", "top-up LG-777", "A1", "Ace"),
        ("10.00", "LG-777", "A2/1", ""),
        ("20.00", "who knows", "A2/2", ""),
    ]


def test_columns_are_named_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "bank.csv"
    file.write_text("When,Paid,Text,Amount\n11/02/2026,12.50,hello,9\n")
    said = read_statement(
        file, {"When": "date", "Paid": "amount", "Text": "reference", "Amount": ""}, "USD", False
    )
    (line,) = said.lines
    assert (line.booked_on.isoformat(), line.amount, line.reference) == ("2026-11-02", D("12.50"), "hello")


COLUMNS = [
    (
        "Date,Debit,Credit,Text",
        ["2026-11-02,,12.50,a", "2026-11-02,7.00,,b", "2026-11-02,-8.00,,c", "2026-11-02,,,d"],
    ),
    ("Date,Paid out,Paid in,Text", ["2026-11-02,,12.50,a", "2026-11-02,7.00,0.00,b"]),
    ("Datum,Soll,Haben,Text", ["2026-11-02,0,12.50,a"]),
    ("Date,Amount,CR/DR,Text", ["2026-11-02,12.50,CR,a", "2026-11-02,7.00,DR,b", "2026-11-02,-7.00,dr.,c"]),
    ("Date,Amount,Credit/Debit,Text", ["2026-11-02,12.50,credit,a", "2026-11-02,7.00,Debit,b"]),
    ("Datum,Betrag,Soll/Haben,Text", ["2026-11-02,12.50,H,a", "2026-11-02,7.00,S,b"]),
]


@pytest.mark.parametrize(("headings", "rows"), COLUMNS)
def test_money_that_came_is_told_from_money_that_went(tmp_path: Path, headings: str, rows: list[str]) -> None:
    file = tmp_path / "bank.csv"
    file.write_text("\n".join([headings, *rows]))
    columns = {"Text": "reference"} | ({"Datum": "date"} if "Datum" in headings else {})
    said = read_statement(file, columns, "USD", None)
    assert [(line.amount, line.reference) for line in said.lines] == [(D("12.50"), "a")]
    assert said.left_out == len(rows) - 1


def test_what_is_said_of_columns_goes_before_what_is_guessed(tmp_path: Path) -> None:
    file = tmp_path / "bank.csv"
    file.write_text("Date,Paid in,Paid out,Amount,Text\n2026-11-02,3,,9,a\n")
    for said, amount in (
        ({"Paid in": "amount", "Amount": ""}, 3),
        ({"Amount": "amount"}, 9),
        ({"Paid in": "credit"}, 3),
    ):
        (line,) = read_statement(file, {"Text": "reference"} | said, "USD", None).lines
        assert line.amount == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,5", "1234.5"),
        ("-7", "-7"),
        ("1'000.00", "1000.00"),
        ("", "0"),
    ],
)
def test_an_amount_is_read_as_it_is_meant(text: str, amount: str) -> None:
    assert read_amount(text, 1) == D(amount)


@pytest.mark.parametrize("text", ["1.234", "1,234", "12e3", "NaN", "1,2,3", "$5", "٣"])
def test_an_amount_of_two_meanings_is_refused(text: str) -> None:
    with pytest.raises(LeadGenError, match="line 4, amount"):
        read_amount(text, 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Date,Amount\n2026-11-01,5\n", "found no column for reference"),
        ("Date,Debit,Reference\n2026-11-01,5,x\n", "found no column for amount"),
        ("Date,Amount,Credit,Reference\n2026-11-01,5,5,x\n", "found the columns 'Amount' and 'Credit' for the amount"),
        ("Date,Debit,Credit,Reference\n2026-11-01,5,5,x\n", "line 2: found a credit and a debit"),
        ("Date,Debit,Credit,Reference\n2026-11-01,five,,x\n", "line 2, debit: found 'five'"),
        ("Date,Amount,CR/DR,Reference\n2026-11-01,5,,x\n", "line 2, sign: found '', allowed CR or DR"),
        ("Date,Amount,CR/DR,Reference\n2026-11-01,5,XX,x\n", "line 2, sign: found 'XX'"),
        ("Date,Amount,CR/DR,Reference\n2026-11-01,-5,CR,x\n", "line 2, amount: found '-5' that came in"),
        ("Date,Amount,Reference\n03/04/2026,5,x\n", "--day-first or --month-first"),
        ("Date,Amount,Reference\n2026-11-01,5,x\n", "found none, allowed a column for it, or --currency"),
        ("Date,Amount,Reference\n2026-11-01,5,\"x\n", "quotation marks"),
        ("", "empty file"),
        ("<html></html>", "allowed CAMT.053"),
        ("<a><b></a>", "XML that cannot be read"),
        ('<?xml version="1.0" encoding="none"?><a/>', "unknown encoding"),
        ('<?xml version="1.0" encoding="utf-7"?><a/>', "XML that cannot be read"),
        ("Date,Amount,Reference,Currency\n2026-11-01,100000000,x,USD\n", "at most 99999999.99"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
    ],
)  # fmt: skip
def test_what_is_no_statement_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bank.csv"
    file.write_text(text)
    with pytest.raises(LeadGenError, match=words):
        read_statement(file, {}, None, None)


def test_deep_xml_is_refused() -> None:
    with pytest.raises(LeadGenError, match="50 deep"):
        parse_xml(b"<a>" * 100_000)


def test_lines_that_look_alike_are_two_and_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "bank.csv"
    file.write_text("Date,Amount,Reference\n2026-11-01,5,x\n2026-11-01,5,x\n")
    keys = [
        [one["line_key"] for one in name_lines(read_statement(file, {}, "USD", None).lines)] for _ in range(2)
    ]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == 2


ENTRY = """<Ntry><Amt Ccy="USD">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-11-02</Dt></BookgDt><AcctSvcrRef>{number}</AcctSvcrRef><NtryDtls>{details}</NtryDtls></Ntry>"""
DETAIL = """<TxDtls>{amount}<CdtDbtInd>{sign}</CdtDbtInd><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"""


def read_entries(*entries: str) -> list[dict[str, str | None]]:
    """The lines of a CAMT statement with these entries."""
    document = f"<Document><BkToCstmrStmt><Stmt>{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    return list(name_lines(read_camt(document.encode()).lines))


@pytest.mark.parametrize(("number", "lines"), [("A1", 1), ("NONREF", 2)])
def test_an_entry_that_comes_twice_is_one_line_where_the_bank_numbers_it(number: str, lines: int) -> None:
    entry = ENTRY.format(amount="5.00", number=number, details="")
    assert len({line["line_key"] for line in read_entries(entry, entry)}) == lines


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("20.00", "CRDT"), ("10.00", "DBIT")),
        (("20.00", "CRDT"), ("20.00", "CRDT")),
        (("20.00", "CRDT"), ("", "CRDT")),
    ],
)
def test_an_entry_whose_parts_are_not_what_came_is_one_line_that_names_them_all(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    """What came is 30.00. Booked by its first part alone, all of it would be the first payer's."""
    details = "".join(
        DETAIL.format(amount=amount and f'<Amt Ccy="USD">{amount}</Amt>', sign=sign, text=text)
        for (amount, sign), text in ((first, "Ace"), (second, "Best"))
    )
    (line,) = read_entries(ENTRY.format(amount="30.00", number="A1", details=details))
    assert (line["amount"], line["reference"]) == ("30.00", "Ace Best")


def test_an_entry_of_nothing_is_left_out() -> None:
    assert read_entries(ENTRY.format(amount="0.00", number="A1", details="")) == []
