"""One client's connection: uvicorn's protocol, bounded in bytes and in time.

uvicorn with httptools bounds neither a head nor trailers nor pipelined requests, and waits for ever for a
head or a body. This class counts in the parser's callbacks and keeps two deadlines, which the gate looks at
twice a second: no timer is made for a request.

What a client is told: 408, 414, 431, 429 or 503 as a problem, as long as no other answer is under way; then
the connection is half closed, so that the client can read it, and soon reset.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from leadgen.app import stopping
from leadgen.app.every_answer import add_security_headers
from leadgen.app.gate import gate_of_process
from leadgen.app.metrics import REFUSED
from leadgen.app.problems import (
    HEAD_TOO_LARGE,
    MALFORMED,
    MEDIA_TYPE,
    TOO_SLOW,
    URL_TOO_LONG,
    Problem,
    compose,
)

# Whoever likes could fill the log with these lines of uvicorn. Refusals are counted (leadgen_http_refused).
COUNTED = {"Invalid HTTP request received.", "Unsupported upgrade request."}
logging.getLogger("uvicorn.error").addFilter(lambda record: record.msg not in COUNTED)


class Stage(Enum):
    """What the client sends now."""

    NOTHING = 0
    HEAD = 1
    BODY = 2  # and trailers


class RefusedError(Exception):
    """Stops the parser; why, is in the connection's `_refusal`."""


class Exit:
    """The transport, except that closing it is up to the connection."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._transport = transport
        self.write = transport.write
        self.close = close
        self.finish = transport.close  # once all is written
        self.is_leaving = False

    def is_closing(self) -> bool:
        """Whether nothing more is to be said."""
        return self.is_leaving or self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._transport, name)


class BoundedProtocol(HttpToolsProtocol):
    """A connection that cannot take more than its share of memory and time."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._gate = gate_of_process()
        self._bounds = self._gate.bounds
        self._application = self.app
        self._now = self.loop.time
        self._stage = Stage.NOTHING
        self._read_by: float | None = None
        self._write_by: float | None = None
        self._head_bytes = 0
        self._lines = 0
        self._quiet_bytes = 0  # since a head, a piece of a body or a request was complete
        self._keep_alive = False  # of the request under way, once it is read
        self._is_deaf = False
        self._refusal: Problem | None = None
        self._is_proxy = False
        self._places = deque[str | None]()  # of requests under way from a trusted proxy
        self.origin: str | None = None
        self.waits_since = self._now()

    # From the network

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection; its first head must come in time."""
        self._exit = Exit(transport, self._close)
        super().connection_made(self._exit)  # type: ignore[arg-type]
        self._read_by = self.waits_since + self._bounds.head_seconds
        refusal = self._gate.enter(self, self.client[0] if self.client else None)
        self._is_proxy = self.origin is None
        if refusal:
            self._refuse(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back what the connection held."""
        super().connection_lost(exc)
        self._gate.leave(self)
        while self._places:
            self._give_back()

    def data_received(self, data: bytes) -> None:
        """Read on, or discard what comes from a client that was refused."""
        self._quiet_bytes += len(data)
        if self._is_deaf:
            if self._quiet_bytes > self._bounds.linger_bytes:
                self.drop()
            return
        if self._read_by is None:
            self._wait_for_head()
        super().data_received(data)
        if self._quiet_bytes > self._bounds.head_bytes and not self._is_deaf:
            self._refuse(self._too_large())

    def pause_writing(self) -> None:
        """The client does not read; for how long, is bounded."""
        super().pause_writing()
        self._write_by = self._now() + self._bounds.write_seconds

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        if not self._exit.is_closing():
            self._write_by = None

    # From the parser

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._stage = Stage.HEAD
        self._head_bytes = self._lines = 0
        if self._read_by is None:  # it follows another request in the same piece
            self._wait_for_head()

    def on_url(self, url: bytes) -> None:
        """Bounded."""
        super().on_url(url)
        if len(self.url) > self._bounds.url_bytes:
            allowed = f"at most {self._bounds.url_bytes} bytes"
            self._stop(Problem.of_field("URL", "a longer one", allowed, URL_TOO_LONG))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Bounded. Trailers are counted and ignored: they are no headers."""
        size = len(name) + len(value)
        self._head_bytes += size
        self._lines += 1
        bounds = self._bounds
        if size > bounds.header_bytes or self._head_bytes > bounds.head_bytes or self._lines > bounds.headers:
            self._stop(self._too_large())
        if self._stage is Stage.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request begins. Its connection is kept only once all of it is read."""
        if len(self.pipeline) >= self._bounds.pipelined:
            self._stop(Problem(MALFORMED, f"More than {self._bounds.pipelined} requests wait for an answer"))
        if self._is_proxy and self.client:
            self.app = self._application if self._take(self.client[0]) else self._answer_too_many
        super().on_headers_complete()
        self._stage = Stage.BODY
        self._read_by = self._now() + self._bounds.body_seconds
        self._head_bytes = self._lines = self._quiet_bytes = 0
        self._keep_alive = self.cycle.keep_alive
        self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Each piece buys time for the next."""
        super().on_body(body)
        self._quiet_bytes = 0
        if self._read_by is not None:
            self._read_by += len(body) / self._bounds.body_rate

    def on_message_complete(self) -> None:
        """All is read."""
        super().on_message_complete()
        self._stage = Stage.NOTHING
        self._read_by = None
        self._quiet_bytes = 0
        self.cycle.keep_alive = self._keep_alive

    # From the server

    def on_response_complete(self) -> None:
        """Read no more while requests wait that are read already."""
        if self._places:
            self._give_back()
        self.waits_since = self._now()
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn when the parser was stopped, by its grammar or by us."""
        self._refuse(self._refusal or Problem(MALFORMED, "The request is not valid HTTP/1.1"))

    def shutdown(self) -> None:
        """The server stops: the request under way is the last."""
        self._keep_alive = False
        stopping.begin()
        super().shutdown()

    # From the gate

    @property
    def is_waiting(self) -> bool:
        """Whether it has no request under way: idle, or its head is incomplete."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return not (is_answering or self._exit.is_closing())

    def keep_time(self, now: float) -> None:
        """Refuse what came too slowly; cut a connection whose client does not read."""
        if self._write_by is not None and now > self._write_by:
            REFUSED.labels("not-read").inc()
            self.drop()
        elif self._read_by is not None and now > self._read_by:
            self._end_waiting(now)

    def drop(self) -> None:
        """Cut the connection at once."""
        self._exit.abort()

    # Inside

    def _wait_for_head(self) -> None:
        self.waits_since = self._now()
        self._read_by = self.waits_since + self._bounds.head_seconds

    def _end_waiting(self, now: float) -> None:
        if self._is_deaf:
            self.drop()
        elif self.flow.read_paused:  # we keep the client waiting, not the client us
            self._read_by = now + self._bounds.body_seconds
        elif self._stage is Stage.NOTHING:
            self._read_by = None
            if self.is_waiting:  # else it only sent an empty line behind its request
                self._close()
        else:
            what = "head" if self._stage is Stage.HEAD else "body"
            self._refuse(Problem(TOO_SLOW, f"The request's {what} did not come in time"))

    def _stop(self, refusal: Problem) -> None:
        self._refusal = refusal
        raise RefusedError

    def _too_large(self) -> Problem:
        bounds = self._bounds
        allowed = (
            f"at most {bounds.headers} lines of {bounds.header_bytes} bytes, {bounds.head_bytes} bytes in all"
        )
        what = "trailers" if self._stage is Stage.BODY else "headers"
        return Problem.of_field(what, "more", allowed, HEAD_TOO_LARGE)

    def _refuse(self, problem: Problem) -> None:
        """Say what is wrong, if no other answer is under way, and hear no more."""
        REFUSED.labels(problem.kind.slug).inc()
        self._is_deaf = True
        self._read_by = None
        self._quiet_bytes = 0
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._say(problem)
        elif self._stage is not Stage.BODY:
            cycle.keep_alive = False  # the answers that are owed are given, then it is closed
        elif self.pipeline or cycle.response_started:
            self.drop()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._say(problem)

    def _say(self, problem: Problem) -> None:
        body, headers = encode(problem)
        lines = b"".join(b"%b: %b\r\n" % header for header in self.server_state.default_headers + headers)
        self._exit.write(STATUS_LINE[problem.kind.status] + lines + b"\r\n" + body)
        self._linger()

    def _close(self) -> None:
        """Close, at once where the client has nothing more to send."""
        if self._exit.is_closing():
            return
        if self._stage is Stage.BODY:
            self._linger()
            return
        self._write_by = self._now() + self._bounds.write_seconds
        self._exit.finish()

    def _linger(self) -> None:
        """Close our side. A client that still sends would lose our answer to a reset."""
        self._is_deaf = True
        self._exit.is_leaving = True
        self._read_by = self._now() + self._bounds.linger_seconds
        self._quiet_bytes = 0
        self.flow.resume_reading()
        if self._exit.can_write_eof():
            self._exit.write_eof()
        else:
            self._exit.finish()

    def _take(self, peer: str) -> bool:
        """Take a place for a request from a trusted proxy, under the client that it names."""
        forwarded = [value for name, value in self.headers if name == b"x-forwarded-for"]
        origin = self._gate.find_origin(peer, forwarded)
        is_taken = origin is None or self._gate.take(origin)
        self._places.append(origin if is_taken else None)
        return is_taken

    def _give_back(self) -> None:
        if (origin := self._places.popleft()) is not None:
            self._gate.give_back(origin)

    async def _answer_too_many(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Answer in the application's place."""
        problem = self._gate.too_many("requests")
        REFUSED.labels(problem.kind.slug).inc()
        body, headers = encode(problem)
        await send({"type": "http.response.start", "status": problem.kind.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def encode(problem: Problem) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The body and all headers of a refusal, after which the connection is closed."""
    body, headers = compose(problem)
    own = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
    raw = [(name.lower().encode(), value.encode()) for name, value in (own | headers).items()]
    return body, add_security_headers(raw)
