"""Statements of a bank: what came into an account, out of CSV as banks write it, or CAMT.053 (ISO 20022).

A line is told from another by the bank's own number: of two that have the same, one is booked. Where there is none, by
all that it says, and its place among the lines of the file that say the same: so a file that is read twice has the same
lines, and two payments that look alike are two.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from leadgen.errors import LeadGenError
from leadgen.imports.cells import read_cell
from leadgen.imports.encoding import find_encoding
from leadgen.imports.table import read_table

LONGEST_FILE = 50_000_000  # bytes
DEEPEST = 50  # elements within each other
LONGEST_TEXT = 1_000

# Each field of a line, and besides its own name how headings spell it, without blanks and signs.
SPELLINGS: dict[str, str] = {
    "date": "bookingdate posted posteddate postingdate transactiondate valuedate buchungstag buchungsdatum",
    "amount": "betrag value",
    "credit": "creditamount paidin moneyin deposits deposit haben gutschrift creditamt",
    "debit": "debitamount paidout moneyout withdrawals withdrawal soll lastschrift belastung debitamt",
    "sign": "creditdebit debitcredit crdr drcr creditdebitindicator debitcreditindicator cdtdbtind sollhaben "
    "sollhabenkennzeichen",
    "currency": "ccy waehrung währung",
    "reference": "description details memo narrative remittance remittanceinformation purpose verwendungszweck "
    "paymentreference transactiondescription",
    "payer": "name debtor counterparty from auftraggeber payername",
    "id": "transactionid fitid bankreference transactionreference",
    "account": "iban accountnumber",
}
NEEDED = ("date", "amount", "reference")  # for the amount, its credit column will do
# What a sign column says of money that came in, and of money that went out.
CAME = ("cr", "crdt", "c", "credit", "h", "haben", "in", "+")
WENT = ("dr", "dbit", "d", "debit", "s", "soll", "out", "-")
NO_NUMBER = ("NONREF", "NOTPROVIDED")  # what banks write where they have no number
MOST = Decimal("99999999.99")  # of a line, as of any payment
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%Y%m%d")
_AMOUNT = re.compile(r"[+-]?[0-9]{1,3}([.,' \u00a0]?[0-9]{3})*([.,][0-9]{1,2})?|[+-]?[0-9]+([.,][0-9]{1,2})?")


class Line(NamedTuple):
    """What came: `amount` is above zero. `bank_id`: the bank's own number of it."""

    account: str
    booked_on: date
    amount: Decimal
    currency: str
    reference: str
    payer: str
    bank_id: str


class Statement(NamedTuple):
    """The lines that came in, and how many were left out because they went out, or are not booked."""

    lines: list[Line]
    left_out: int


def read_statement(
    file: Path, columns: Mapping[str, str], currency: str | None, day_first: bool | None
) -> Statement:
    """A file of either kind. Raises LeadGenError for what is neither, and for a line that cannot be read.

    `columns`: which field a column of CSV is. `currency`: of lines that name none. `day_first`: how 03/04/2026 is read.
    """
    try:
        size = file.stat().st_size
        if size > LONGEST_FILE:
            raise LeadGenError(f"{file}: found {size:,} bytes, allowed {LONGEST_FILE:,}")
        with file.open("rb") as stream:
            head = stream.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise LeadGenError(f"{file}: {error.strerror}") from None
    try:
        if head.startswith(b"<"):
            return read_camt(file.read_bytes())
        return _read_csv(file, columns, currency, day_first)
    except LeadGenError as error:
        raise LeadGenError(f"{file}: {error}") from None


def name_lines(lines: Iterable[Line]) -> Iterator[dict[str, str | None]]:
    """The lines as leadgen.import_bank_lines takes them, each with its key."""
    times: Counter[tuple[str, ...]] = Counter()
    for line in lines:
        said: tuple[str, ...] = (
            line.account,
            line.booked_on.isoformat(),
            f"{line.amount:.2f}",
            line.currency,
        )
        said += ("id", line.bank_id) if line.bank_id else ("text", line.reference, line.payer)
        times[said] += not (line.bank_id and times[said])
        whole = "\x1f".join((*said, str(times[said])))
        yield {
            "line_key": hashlib.sha256(whole.encode()).hexdigest(),
            "account": line.account or None,
            "booked_on": line.booked_on.isoformat(),
            "amount": str(line.amount),
            "currency": line.currency,
            "reference": line.reference or None,
            "payer": line.payer or None,
        }


def _read_csv(
    file: Path, columns: Mapping[str, str], currency: str | None, day_first: bool | None
) -> Statement:
    with file.open("rb") as stream:
        encoding = find_encoding(stream)
        stream.seek(0)
        with TextIOWrapper(stream, encoding=encoding.codec, errors="replace", newline="") as text:
            table = read_table(text, None, lambda heading: _guess(heading) is not None)
            places = match_columns(table.headings, columns)
            lines: list[Line] = []
            left_out = 0
            for row in table.rows:
                if row.fault:
                    raise LeadGenError(f"line {row.line}: {row.fault}")
                cells = {field: read_cell(row.raw[place]) for field, place in places.items()}
                amount = check_amount(read_movement(cells, row.line))
                if amount <= 0:
                    left_out += 1
                    continue
                lines.append(
                    Line(
                        cells.get("account", ""),
                        read_date(cells["date"], day_first, row.line),
                        amount,
                        read_currency(cells.get("currency") or currency, row.line),
                        tidy(cells["reference"]),
                        tidy(cells.get("payer", "")),
                        read_number(cells.get("id", "")),
                    )
                )
    return Statement(lines, left_out)


def match_columns(headings: Sequence[str], said: Mapping[str, str]) -> dict[str, int]:
    """The place of each field that the file has. Raises LeadGenError where one is missing, or two are one field."""
    unknown = sorted(set(said) - set(headings))
    if unknown:
        raise LeadGenError(f"found no column {unknown[0]!r}, allowed {', '.join(map(repr, headings))}")
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        field = said.get(heading, "" if heading in said else _guess(heading) or "")
        if field and field in places and heading in said:
            raise LeadGenError(f"found two columns for {field}, allowed one: --map 'COLUMN=' leaves one out")
        if field and field not in places:
            places[field] = place
    for one, others in (("amount", ("credit", "debit")), ("credit", ("amount",)), ("debit", ("amount",))):
        if one in said.values():  # what is said goes before what is guessed
            places = {
                field: place
                for field, place in places.items()
                if field not in others or field in said.values()
            }
    if "amount" in places and ("credit" in places or "debit" in places):
        other = headings[places["credit" if "credit" in places else "debit"]]
        raise LeadGenError(
            f"found the columns {headings[places['amount']]!r} and {other!r} for the amount, allowed one of them, "
            "or one for credits and one for debits: --map 'COLUMN=' leaves one out"
        )
    given = places.keys() | ({"amount"} if "credit" in places else set())
    if missing := [field for field in NEEDED if field not in given]:
        raise LeadGenError(
            f"found no column for {' and '.join(missing)} among {', '.join(map(repr, headings))}: "
            "--map 'COLUMN=FIELD' names it"
        )
    return places


def _guess(heading: str) -> str | None:
    plain = re.sub(r"[\W_]+", "", heading).lower()
    return next(
        (field for field, words in SPELLINGS.items() if plain == field or plain in words.split()), None
    )


def read_movement(cells: Mapping[str, str], line: int) -> Decimal:
    """What came in, above zero, or went out: by a signed amount, one with a sign beside it, or credit and debit.

    Raises LeadGenError for a line that says both, and for a sign that is none.
    """
    if "amount" not in cells:
        came = read_amount(cells["credit"], line, "credit")
        went = read_amount(cells.get("debit", ""), line, "debit")
        if came and went:
            raise LeadGenError(f"line {line}: found a credit and a debit, allowed one of them")
        return came if came else -abs(went)
    amount = read_amount(cells["amount"], line)
    if "sign" not in cells or not amount:
        return amount
    sign = cells["sign"].strip().lower().rstrip(".")
    if sign not in (*CAME, *WENT):
        raise LeadGenError(
            f"line {line}, sign: found {cells['sign'][:50]!r}, allowed CR or DR, credit or debit"
        )
    if sign in WENT:
        return -abs(amount)
    if amount < 0:
        raise LeadGenError(
            f"line {line}, amount: found {cells['amount'][:50]!r} that came in, allowed no sign, or DR"
        )
    return amount


def read_amount(text: str, line: int, field: str = "amount") -> Decimal:
    """`1,234.50`, `1.234,50`, `1234.5`, `-7`; empty: 0. Raises LeadGenError for what can be read in two ways."""
    if not text:
        return Decimal(0)
    if not _AMOUNT.fullmatch(text):
        raise LeadGenError(f"line {line}, {field}: found {text[:50]!r}, allowed an amount such as 1234.50")
    plain = re.sub(r"['\s]", "", text)
    signs = re.findall(r"[.,]", plain)
    if len(set(signs)) == 2:
        point = signs[-1]
    elif len(signs) == 1 and not re.search(r"[.,][0-9]{3}$", plain):
        point = signs[0]
    elif len(signs) == 1:
        raise LeadGenError(
            f"line {line}, {field}: found {text[:50]!r}, which may be a thousand or a fraction, allowed two decimals"
        )
    else:
        point = ""
    whole = "".join("." if sign == point else "" if sign in ".," else sign for sign in plain)
    try:
        return Decimal(whole)
    except InvalidOperation:
        raise LeadGenError(
            f"line {line}, {field}: found {text[:50]!r}, allowed an amount such as 1234.50"
        ) from None


def check_amount(amount: Decimal) -> Decimal:
    """The amount. Raises LeadGenError for one that came in and that no payment can have."""
    if amount > MOST or (amount > 0 and amount != round(amount, 2)):
        raise LeadGenError(f"amount: found {str(amount)[:50]}, allowed at most {MOST}, with two decimals")
    return amount


def read_number(text: str) -> str:
    """The bank's own number; empty where it says that there is none."""
    return "" if text.upper() in NO_NUMBER else text


def read_date(text: str, day_first: bool | None, line: int) -> date:
    """`2026-11-30`, `30.11.2026`, `30/11/2026` where it is said what comes first. Raises LeadGenError otherwise."""
    formats = DATES if day_first is None else (*DATES, "%d/%m/%Y" if day_first else "%m/%d/%Y")
    for form in formats:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    hint = "; --day-first or --month-first says how 03/04/2026 is read" if "/" in text else ""
    raise LeadGenError(f"line {line}, date: found {text[:50]!r}, allowed a date such as 2026-11-30{hint}")


def read_currency(text: str | None, line: int) -> str:
    """A code of ISO 4217."""
    if text is None:
        raise LeadGenError(f"line {line}, currency: found none, allowed a column for it, or --currency")
    if not re.fullmatch(r"[A-Z]{3}", text.upper()):
        raise LeadGenError(f"line {line}, currency: found {text[:50]!r}, allowed a code such as USD")
    return text.upper()


def tidy(text: str) -> str:
    """A text in one line, of bounded length."""
    return " ".join(text.replace("\x00", "").split())[:LONGEST_TEXT]


def read_camt(document: bytes) -> Statement:
    """The booked credits of a CAMT.053 document, of any version. Raises LeadGenError for another document."""
    root = parse_xml(document)
    statements = [one for one in root if one.tag == "BkToCstmrStmt"]
    if root.tag != "Document" or not statements:
        raise LeadGenError("found another XML document, allowed CAMT.053 (BkToCstmrStmt)")
    lines: list[Line] = []
    left_out = 0
    for statement in statements[0].iterfind("Stmt"):
        account = _text(statement, "Acct/Id/IBAN") or _text(statement, "Acct/Id/Othr/Id")
        for entry in statement.iterfind("Ntry"):
            status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
            is_reversal = _text(entry, "RvslInd").lower() in ("true", "1")
            if status != "BOOK" or _text(entry, "CdtDbtInd") != "CRDT" or is_reversal:
                left_out += 1
                continue
            lines.extend(_read_entry(entry, account))
    came = [line for line in lines if line.amount > 0]
    return Statement(came, left_out + len(lines) - len(came))


def _read_entry(entry: Element, account: str) -> Iterator[Line]:
    """A line for each transaction of an entry whose amounts are the entry's together; else one for the entry."""
    booked = read_date(_text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm")[:10], None, 0)
    number = read_number(_text(entry, "AcctSvcrRef")) or read_number(_text(entry, "NtryRef"))
    whole = entry.find("Amt")
    details = entry.findall("NtryDtls/TxDtls")
    parts: list[tuple[Element, Element | None]] = [(one, _find_amount(one)) for one in details]
    if len(parts) == 1:
        parts = [(details[0], whole)]
    elif not _add_up(parts, whole):
        parts = [(entry, whole)]
    for place, (part, amount) in enumerate(parts, 1):
        own = read_number(_text(part, "Refs/AcctSvcrRef")) or (
            f"{number}/{place}" if number and len(parts) > 1 else number
        )
        references = [one.text or "" for one in part.iter() if one.tag in ("Ustrd", "Ref", "EndToEndId")]
        yield Line(
            account,
            booked,
            _read_value(amount),
            read_currency(None if amount is None else amount.get("Ccy"), 0),
            tidy(" ".join(references) or _text(entry, "AddtlNtryInf")),
            tidy(_text(part, "RltdPties/Dbtr/Nm") or _text(part, "RltdPties/Dbtr/Pty/Nm")),
            own,
        )


def _add_up(parts: Sequence[tuple[Element, Element | None]], whole: Element | None) -> bool:
    """Whether all of an entry's transactions came in, in its currency, and are its amount together."""
    amounts = [amount for _, amount in parts]
    return (
        bool(amounts)
        and all(_text(part, "CdtDbtInd") in ("", "CRDT") for part, _ in parts)
        and all(
            one is not None and whole is not None and one.get("Ccy") == whole.get("Ccy") for one in amounts
        )
        and sum(_read_value(one) for one in amounts) == _read_value(whole)
    )


def _find_amount(part: Element) -> Element | None:
    found = part.find("Amt")
    return found if found is not None else part.find("AmtDtls/TxAmt/Amt")


def _read_value(amount: Element | None) -> Decimal:
    text = "" if amount is None else (amount.text or "").strip()
    if not re.fullmatch(r"[0-9]{1,13}(\.[0-9]{1,5})?", text):
        raise LeadGenError(f"Amt: found {text[:50]!r}, allowed an amount such as 1234.50")
    return check_amount(Decimal(text))


def _text(element: Element, path: str) -> str:
    found = element.find(path)
    return (found.text or "").strip() if found is not None else ""


def parse_xml(document: bytes) -> Element:
    """The root, names without namespaces. No document type is read, and so no entity: none can grow or fetch anything.

    Raises LeadGenError for what is no XML, too deep, or has a document type.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise LeadGenError(f"found elements more than {DEEPEST} deep, allowed a statement")
        builder.start(name.rpartition("}")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition("}")[2])

    def refuse(*_: object) -> None:
        raise LeadGenError("found a document type (<!DOCTYPE), allowed XML without one")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise LeadGenError(f"found XML that cannot be read: {error}") from None
    return builder.close()
