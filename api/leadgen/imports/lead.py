"""A row of a file as a lead: what leadgen.submit_leads takes of it."""

import json
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from ipaddress import ip_address
from typing import NamedTuple

from leadgen.escapes import mend_text
from leadgen.imports.cells import read_cell
from leadgen.imports.columns import ATTRIBUTE, HALVES, KEY, Column
from leadgen.imports.table import LEAD, OURS, Row

MAX_BYTES = 65_536  # of a lead as JSON, as the API takes it
MAX_AGENT = 500  # characters, as the API takes of a visitor's browser


class Lead(NamedTuple):
    """A row that can be handed in; payload (as JSON) and context are those of leadgen.submit_lead."""

    row: Row
    payload: str
    context: dict[str, str]


class RowError(Exception):
    """A row that is no lead; the message says why."""


class Occurrences:
    """How often something was seen so far. On disk, for a file may have more rows than memory."""

    def __init__(self) -> None:
        self._seen = sqlite3.connect(
            "", isolation_level=None
        )  # a temporary file that goes with the connection
        self._seen.execute(
            "create table seen (content blob primary key, times integer not null) without rowid"
        )
        self._seen.execute("begin")

    def count(self, content: bytes) -> int:
        """Count one more, and return how many there are."""
        ((times,),) = self._seen.execute(
            "insert into seen values (?, 1) on conflict do update set times = times + 1 returning times",
            (content,),
        ).fetchall()
        return int(times)

    def close(self) -> None:
        """Forget all."""
        self._seen.close()


class Reader:
    """Makes leads of rows, for one source.

    A lead's idempotency key is made of all that its row says and of how many rows before say the same. So another run
    of the same file gives the same keys, also when it was saved in another encoding or with other delimiters. Where
    `key` names a column, the key is what the row has there.
    """

    def __init__(
        self,
        headings: Sequence[str],
        columns: Sequence[Column],
        source_key: str,
        api_key_hash: str | None,
        key: str | None = None,
    ) -> None:
        self._columns = [column for column in columns if column.field and column.field != KEY]
        keys = [column.place for column in columns if column.field == KEY]
        self._key = headings.index(key) if key is not None else keys[0] if keys else None
        self._key_heading = None if self._key is None else headings[self._key]
        self._corrects = headings.index(LEAD) if LEAD in headings else None
        self._said = [index for index, heading in enumerate(headings) if heading not in OURS]
        self._source_key = source_key
        self._api_key_hash = api_key_hash
        self._occurrences = Occurrences()

    def read(self, row: Row) -> Lead:
        """The lead of a row. Raises RowError."""
        if row.fault:
            raise RowError(row.fault)
        cells = [read_cell(cell) for cell in row.raw]
        context = {"idempotency_key": self._read_key(cells)}
        if self._api_key_hash:
            context["api_key_hash"] = self._api_key_hash
        fields, attributes = self._read_fields(cells)
        if not self._api_key_hash:
            _move_visitor(fields, context)
        payload: dict[str, object] = {"source_key": self._source_key, **fields}
        if attributes:
            payload["attributes"] = attributes
        text = mend_text(json.dumps(payload))
        if len(text) > MAX_BYTES:
            self._refuse_size(cells, len(text))
        return Lead(row, text, context)

    def close(self) -> None:
        """Forget the rows that were read."""
        self._occurrences.close()

    def _read_fields(self, cells: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        fields: dict[str, str] = {}
        attributes: dict[str, str] = {}
        for column in self._columns:
            if not (text := cells[column.place]):
                continue
            if column.field.startswith(ATTRIBUTE):
                attributes[column.field.removeprefix(ATTRIBUTE)] = text
            else:
                fields[column.field] = text
        if halves := [fields.pop(half) for half in HALVES if half in fields]:
            fields["name"] = " ".join(halves)
        return fields, attributes

    def _read_key(self, cells: Sequence[str]) -> str:
        if self._key is None:
            said = [cells[index] for index in self._said]
            while said and not said[-1]:
                said.pop()
            content = sha256(json.dumps(said).encode()).digest()
            return f"import:{content.hex()[:40]}:{self._occurrences.count(content[:20])}"
        key = cells[self._key]
        if not key:
            raise RowError(f"{self._key_heading}: found nothing, allowed the key of the row")
        # A lead that was rejected stays as it was; who corrects its row sends another.
        corrects = cells[self._corrects] if self._corrects is not None else ""
        return f"{key}:corrects:{corrects}" if corrects else key

    def _refuse_size(self, cells: Sequence[str], size: int) -> None:
        longest = max(self._columns, key=lambda column: len(cells[column.place]))
        raise RowError(
            f"{longest.heading}: found {len(cells[longest.place]):,} characters, {size:,} bytes in the whole row as "
            f"JSON, allowed {MAX_BYTES:,}"
        )


def _move_visitor(fields: dict[str, str], context: dict[str, str]) -> None:
    """Say the person's address and browser as the API does of a visitor: a source without a key cannot name others."""
    address = fields.get("ip_address", "")
    if _is_address(address):
        context["ip_address"] = address
        del fields["ip_address"]
    if agent := fields.pop("user_agent", None):
        context["user_agent"] = agent[:MAX_AGENT]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # PostgreSQL knows no zones
