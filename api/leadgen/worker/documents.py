"""The PDFs that e-mails about invoices bring."""

import json
from typing import NamedTuple

from leadgen.invoices.pdf import make_pdf_aside
from leadgen.worker.attempt import Delivery
from leadgen.worker.queries import Session

KINDS = frozenset({"invoice.sent", "invoice.credited", "invoice.reminder"})


class File(NamedTuple):
    """What is attached to a message."""

    name: str
    content: bytes


class Documents:
    """Makes the PDF of the document that a delivery is about, from what the database says now."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def make(self, delivery: Delivery) -> File | None:
        """The PDF; None: the delivery is about no document. Raises NoPdfError."""
        if delivery.kind not in KINDS:
            return None
        number = json.loads(delivery.body)["data"]["number"]
        document = await self._session.show_invoice(number)
        return File(f"{number}.pdf", await make_pdf_aside(document))
