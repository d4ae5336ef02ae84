"""The process that makes one PDF: values as JSON on standard input, the PDF on standard output.

It is a process of its own because a long document takes seconds of the processor and hundreds of megabytes.
"""

import resource
import sys
from pathlib import Path

import typst

TEMPLATE = Path(__file__).parent / "templates" / "invoice.typ"
MOST_MEMORY = 4 << 30  # bytes of address space
MOST_SECONDS = 120  # of the processor


def main() -> None:
    """Compile the document: for archives (PDF/A-3), or where no font has one of its letters, as plain PDF."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    values = sys.stdin.buffer.read().decode()
    inputs = {"document": values}
    try:
        pdf = typst.compile(str(TEMPLATE), sys_inputs=inputs, pdf_standards=["a-3b"], pdf_tags=False)
    except typst.TypstError as error:
        if not str(error).startswith("PDF/A"):
            raise
        pdf = typst.compile(str(TEMPLATE), sys_inputs=inputs, pdf_tags=False)
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
