"""What a document says, in words: from leadgen.show_invoice to the values that the templates print."""

from decimal import Decimal
from typing import Any

TITLES = {"invoice": "Invoice", "credit_note": "Credit note"}
STAMPS = {"draft": "Draft", "paid": "Paid", "cancelled": "Cancelled"}

Document = dict[str, Any]


def prepare(document: Document) -> Document:
    """The values of the templates. `document` is what leadgen.show_invoice returns."""
    is_invoice = document["kind"] == "invoice"
    decimals, currency = document["decimals"], document["currency"]
    taxes = document["taxes"]
    sender, payer = document["from"], document["to"]
    open_amount = Decimal(document["open"])
    pays = is_invoice and open_amount > 0 and document["status"] not in ("draft", "disputed")
    return {
        "number": document["number"],
        "title": TITLES[document["kind"]],
        "day": [int(part) for part in (document["issued_on"] or document["to_day"]).split("-")],
        "stamp": STAMPS.get(document["status"]) if is_invoice or document["status"] == "draft" else None,
        "currency": currency,
        "from": {
            "company": sender["company"] or "",
            "details": _join(
                sender["address"],
                sender["phone"],
                sender["email"],
                sender["website"],
                _tax_id(sender["tax_id"]),
            ),
            **{name: sender[name] for name in ("logo_svg", "payment_instructions", "footer")},
            "terms": sender["terms"] if is_invoice else None,
        },
        "to_label": "Bill to" if is_invoice else "To",
        "to": {
            "name": payer["name"],
            "details": _join(payer["address"], payer["email"], _tax_id(payer["tax_id"])),
        },
        "facts": _list_facts(document, is_invoice),
        "has_tax": bool(taxes),
        "lines": [
            {
                "position": str(line["position"]),
                "booked_at": line["booked_at"],
                "description": _describe(line),
                "tax": f"{line['tax_percent']} %",
                "amount": show(line["amount"], decimals),
            }
            for line in document["lines"]
        ],
        "sums": _list_sums(document, taxes, decimals),
        "total_label": f"Total, {currency}" if is_invoice else f"Total credited, {currency}",
        "total": show(document["total"], decimals),
        "settled": _list_settled(document, decimals) if is_invoice else [],
        "notes": _list_notes(document, taxes),
        "pays": pays,
        "please": f"Please pay {show(open_amount, decimals)} {currency} by {document['due_on']}, "
        f"and name {document['number']}.",
        "pay_url": sender["pay_url"].replace("{number}", document["number"]) if sender["pay_url"] else None,
    }


def show(amount: str | Decimal, decimals: int) -> str:
    """An amount with thousands set apart: 1,234.50; in yen 1,234. A minus sign where it is below zero."""
    return f"{Decimal(amount):,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _list_facts(document: Document, is_invoice: bool) -> list[tuple[str, str]]:
    facts = [
        ("Number", document["number"]),
        ("Date", document["issued_on"] or "not sent yet"),
        ("Period", f"{document['from_day']} to {document['to_day']}"),
    ]
    if is_invoice:
        facts.append(("Due", document["due_on"]))
    if document["corrects"]:
        named = document["corrects"]
        facts.append(
            ("Corrects", ", ".join(named) if len(named) <= 3 else f"{len(named)} invoices, see the lines")
        )
    if document["offer"]:
        facts.append(("For", document["offer"]))
    facts.append(("Leads", f"{document['leads']:,}"))
    facts.append(("Total", f"{show(document['total'], document['decimals'])} {document['currency']}"))
    return facts


def _list_sums(document: Document, taxes: list[Document], decimals: int) -> list[tuple[str, str]]:
    if not taxes:
        return []
    sums = [("Net", show(document["net"], decimals))]
    sums += [
        (
            f"{tax['name']} {tax['percent']} % of {show(tax['net'], decimals)}",
            show(tax["amount"], decimals),
        )
        for tax in taxes
    ]
    return sums


def _list_settled(document: Document, decimals: int) -> list[tuple[str, str]]:
    parts = [("Paid", document["paid"]), ("Credited", document["credited"])]
    settled = [(name, show(-Decimal(amount), decimals)) for name, amount in parts if Decimal(amount)]
    if settled:
        settled.append(("Open", show(document["open"], decimals)))
    return settled


def _list_notes(document: Document, taxes: list[Document]) -> list[str]:
    notes = [tax["words"] for tax in taxes if tax["words"]]
    if any(Decimal(tax["percent"]) for tax in taxes):
        notes.append("Tax is rounded once, on each line.")
    notes.append(f"Times are those of {document['timezone']}.")
    return notes


def _describe(line: Document) -> str:
    corrected = line["corrects"]
    return f"{line['description']} (of {corrected})" if corrected else str(line["description"])


def _tax_id(number: str | None) -> str | None:
    return f"Tax id {number}" if number else None


def _join(*texts: str | None) -> str:
    return "\n".join(text for text in texts if text)
