"""One buyer is billed before its period ends: the invoice of what it bought, as PDF."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import psycopg

from leadgen.errors import LeadGenError
from leadgen.invoices.pdf import make_pdf_aside
from leadgen.paths import state_dir

MOST_OWED = (
    "select id from leadgen.buyers where billing_mode = 'invoiced' order by receivable desc, id limit 1"
)
INVOICE = "select leadgen.invoice_buyer(%s::bigint, null::timestamptz, true)"
SHOW = "select leadgen.show_invoice(%s)"


@dataclass(frozen=True)
class Bill:
    """An invoice, and where its PDF is."""

    number: str
    buyer: str
    leads: int
    total: str
    file: Path

    def __str__(self) -> str:
        return f"{self.number} to {self.buyer}: {self.leads} lines, {self.total}, {self.file}"


async def bill_a_buyer(database: str) -> Bill:
    """Bill the buyer who owes most. Raises LeadGenError when nobody owes anything."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        buyer = await (await connection.execute(MOST_OWED)).fetchone()
        made = await (await connection.execute(INVOICE, buyer)).fetchone()
        if not made or not made[0]:
            raise LeadGenError("nobody owes anything")
        (number, *_) = made[0]
        document = (await (await connection.execute(SHOW, [number])).fetchone() or ({},))[0]
    file = await asyncio.to_thread(keep, f"{number}.pdf", await make_pdf_aside(document))
    total = f"{document['total']} {document['currency']}"
    return Bill(number, document["to"]["name"], len(document["lines"]), total, file)


def keep(name: str, content: bytes) -> Path:
    """Write a file into the directory for private state; its path from here."""
    file = state_dir() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return Path(os.path.relpath(file))
