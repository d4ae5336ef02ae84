"""The answer of a stranger, bounded: how much of it is read, and that its status is not lost by what follows it.

aiohttp reads interim answers (1xx) without a limit and without giving the event loop back, and loses a status that
came with bytes that are no HTTP. Here the head of an answer goes to its parser by itself. Workers read buyers so, and
the API reads Meta's Graph API.
"""

import re
from functools import partial
from typing import Any

from aiohttp import TCPConnector, hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader

LONGEST_HEAD = 65_536  # bytes before the body: interim answers, status and headers
MOST_HEADERS = 1_000  # header lines of one answer
MOST_INTERIM = 100  # interim answers (1xx), and blank lines, before the status that counts
LONGEST_BODY = 73_728  # bytes of the body as they come: 64 kB, and what frames them as chunks
SLICE = 4_096  # bytes of a body that are parsed before the limits are looked at again
SWITCHING_PROTOCOLS = 101  # ends an exchange as a final status does
WITHOUT_BODY = (204, 304)
END_OF_HEAD = re.compile(rb"\n\r?\n")
OVERLAP = 2  # bytes of END_OF_HEAD that an earlier piece may hold


class TooMuch(Exception):  # noqa: N818
    """An answer went on without a final status for longer than anybody needs."""


class BoundedAnswer(ResponseHandler):
    """One connection. Interim answers are counted and dropped; what goes beyond the limits is not parsed."""

    _longest_body = LONGEST_BODY
    _head_bytes = 0
    _heads = 0
    _body_bytes = 0
    _before = b""
    _status: int | None = None
    _ended = False

    @classmethod
    def with_body(cls, longest: int) -> type["BoundedAnswer"]:
        """The same with another limit for the bytes of the body."""
        return type(cls.__name__, (cls,), {"_longest_body": longest})

    def set_response_params(self, **params: object) -> None:
        """Begin a new answer, as each request does."""
        self._head_bytes = self._heads = self._body_bytes = 0
        self._before, self._status, self._ended = b"", None, False
        super().set_response_params(**params)  # type: ignore[arg-type]

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """A head was parsed: the parser hands it over."""
        message, _ = data
        if self._status is not None:  # nobody asked for a second answer
            self._end()
        elif message.code >= 200 or message.code == SWITCHING_PROTOCOLS:
            self._status = message.code
            super().feed_data(data, size)
            length = message.headers.get(hdrs.CONTENT_LENGTH, "0")
            if message.code in WITHOUT_BODY and (length != "0" or hdrs.TRANSFER_ENCODING in message.headers):
                self._end()  # a body may follow all the same

    def data_received(self, data: bytes) -> None:
        """Bytes came; none: the reader wants what the parser kept back."""
        if not data or self._parser is None:
            super().data_received(data)
        while data and not self._ended and self._parser is not None and self._exception is None:
            data = self._read_head(data) if self._status is None else self._read_body(data)

    def _read_head(self, data: bytes) -> bytes:
        """Parse up to the end of a head. Returns what follows it."""
        end = END_OF_HEAD.search(self._before + data)
        cut = end.end() - len(self._before) if end else len(data)
        self._heads += bool(end)
        self._head_bytes += cut
        if self._head_bytes > LONGEST_HEAD or self._heads > MOST_INTERIM + 1:
            self._end()
            self.set_exception(TooMuch())
            return b""
        self._before = b"" if end else (self._before + data)[-OVERLAP:]
        super().data_received(data[:cut])
        return data[cut:]

    def _read_body(self, data: bytes) -> bytes:
        """Parse a slice of the body. Returns what follows it."""
        self._body_bytes += len(data[:SLICE])
        if self._status in WITHOUT_BODY:
            self._end()
        elif self._body_bytes > self._longest_body:
            if self._payload is not None:
                self._payload.feed_eof()  # what came is the answer
            self._end()
        else:
            super().data_received(data[:SLICE])
        return data[SLICE:]

    def _end(self) -> None:
        """Nothing more is read, and nothing more sent over this connection."""
        self._ended = self._should_close = True
        if self.transport is not None:
            self.transport.close()


class BoundedConnector(TCPConnector):
    """Opens connections that read a bounded answer; `longest_body` are the bytes of its body, as they come."""

    def __init__(self, *, longest_body: int = LONGEST_BODY, **options: Any) -> None:
        super().__init__(**options)
        protocol: type[ResponseHandler] = BoundedAnswer.with_body(longest_body)
        self._factory = partial(protocol, loop=self._loop)
