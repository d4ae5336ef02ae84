"""PDFs of documents, each made by a process of its own (leadgen.invoices.compiler)."""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec

from leadgen.errors import LeadGenError
from leadgen.invoices.document import Document, prepare

MOST_LINES = 10_000  # of a PDF; longer documents are exported as CSV
MOST_WAIT = 120.0  # seconds
AT_ONCE = 2  # of one program; others wait
COMMAND = (sys.executable, "-m", "leadgen.invoices.compiler")


_places = asyncio.Semaphore(AT_ONCE)


class NoPdfError(LeadGenError):
    """The PDF cannot be made; the words say why, without what stands in the document."""


def make_pdf(document: Document) -> bytes:
    """The PDF of a document as leadgen.show_invoice returns it. Raises NoPdfError."""
    values = _write_values(document)
    try:
        done = subprocess.run(COMMAND, input=values, capture_output=True, timeout=MOST_WAIT, check=False)
    except subprocess.TimeoutExpired:
        raise NoPdfError(f"the PDF of {document['number']} takes more than {MOST_WAIT:g} seconds") from None
    return _read_pdf(document, done.returncode, done.stdout, done.stderr)


async def make_pdf_aside(document: Document) -> bytes:
    """The same, while others go on. Ends the process when it is cancelled."""
    values = _write_values(document)
    async with _places:
        return await _run_aside(document, values)


async def _run_aside(document: Document, values: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(MOST_WAIT):
            pdf, complaint = await process.communicate(values)
    except TimeoutError:
        raise NoPdfError(f"the PDF of {document['number']} takes more than {MOST_WAIT:g} seconds") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _read_pdf(document, process.returncode or 0, pdf, complaint)


def _write_values(document: Document) -> bytes:
    if find_spec("typst") is None:
        raise NoPdfError("PDFs need the package typst: pip install 'leadgen[invoices]'")
    if (lines := len(document["lines"])) > MOST_LINES:
        raise NoPdfError(
            f"{document['number']} has {lines:,} lines, and a PDF at most {MOST_LINES:,}: export it as CSV"
        )
    return json.dumps(prepare(document), ensure_ascii=False).encode()


def _read_pdf(document: Document, status: int, pdf: bytes, complaint: bytes) -> bytes:
    if status != 0 or not pdf.startswith(b"%PDF-"):
        words = complaint.decode(errors="replace").rpartition("TypstError: ")[2]
        raise NoPdfError(f"the PDF of {document['number']} cannot be made: {' '.join(words.split())[-200:]}")
    return pdf
