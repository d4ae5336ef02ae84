"""A document as a page, and its lines as a table for accountants."""

import csv
import io
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from leadgen.invoices.document import Document, prepare

COLUMNS = (
    "number", "kind", "status", "issued_on", "due_on", "buyer_id", "buyer", "currency", "position", "booked_at",
    "line_kind", "description", "offer_id", "lead_id", "assignment_id", "corrects",
    "net", "tax_percent", "tax", "gross",
)  # fmt: skip
# So begins what a spreadsheet takes for a formula, in East Asia also in full width, and what may hide one.
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")

pages = Environment(
    loader=PackageLoader("leadgen.invoices"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
)


def make_page(document: Document) -> str:
    """The HTML page of a document as leadgen.show_invoice returns it."""
    return pages.get_template("invoice.html").render(prepare(document))


def make_csv(documents: list[Document]) -> str:
    """The lines of documents, one row each, UTF-8 with a header; amounts with a point.

    Lines of credit notes are below zero.
    """
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for document in documents:
        sign = 1 if document["kind"] == "invoice" else -1
        head = [document[name] for name in ("number", "kind", "status", "issued_on", "due_on", "buyer_id")]
        for line in document["lines"]:
            net, tax = sign * Decimal(line["amount"]), sign * Decimal(line["tax_amount"])
            table.writerow(
                [
                    *head,
                    _plain(document["to"]["name"]),
                    document["currency"],
                    line["position"],
                    line["booked_at"],
                    line["kind"],
                    _plain(line["description"]),
                    line["offer_id"],
                    line["lead_id"],
                    line["assignment_id"],
                    line["corrects"],
                    net,
                    line["tax_percent"],
                    tax,
                    net + tax,
                ]
            )
    return written.getvalue()


def make_statement_csv(statement: Document) -> str:
    """The movements of a statement (leadgen.make_statement), between its opening and its closing."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(("booked_at", "kind", "description", "invoice", "lead_id", "amount", "balance", "key"))
    table.writerow((statement["from"], "opening", "", "", "", "", statement["opening"], ""))
    for line in statement["movements"]:
        table.writerow(
            (
                line["booked_at"],
                line["kind"],
                _plain(line["description"]),
                line["invoice"],
                line["lead_id"],
                line["amount"],
                line["balance"],
                _plain(line["key"]),
            )
        )
    table.writerow((statement["to"], "closing", "", "", "", "", statement["closing"], ""))
    return written.getvalue()


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
