"""Traces (OpenTelemetry), where OTEL_EXPORTER_OTLP_ENDPOINT is set; else nothing of it is imported.

A lead is one trace, and its id follows from the lead's: so the API and the workers write into the same one, and nothing
has to be carried along. A span has ids, words from closed lists and times: no personal data.
"""

import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple

from leadgen.settings import SettingsError

PACKAGE = "opentelemetry.exporter.otlp.proto.http"
Facts = Mapping[str, str | int | bool]


class Step(NamedTuple):
    """A part of the way of a lead, in seconds of the event loop's clock, or of any that `now` of note_lead is of."""

    name: str
    began: float
    ended: float
    facts: Facts = MappingProxyType({})


class Tracer:
    """Writes spans to a collector, from a thread of its own."""

    def __init__(self, service: str) -> None:
        from opentelemetry.context import Context
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
        from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

        class Ids(RandomIdGenerator):
            """Random, but for the root of a lead's trace."""

            wanted: tuple[int, int] | None = None

            def generate_trace_id(self) -> int:
                return super().generate_trace_id() if self.wanted is None else self.wanted[0]

            def generate_span_id(self) -> int:
                wanted, self.wanted = self.wanted, None
                return super().generate_span_id() if wanted is None else wanted[1]

        def make_context(trace_id: int, root_id: int) -> Context:
            """In which a span is a part of this trace, below its root."""
            root = SpanContext(trace_id, root_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            return set_span_in_context(NonRecordingSpan(root))

        self._no_context, self._make_context = Context(), make_context
        self._ids = Ids()
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("leadgen")

    def note_lead(self, lead_id: int, whole: Step, parts: Sequence[Step], now: float) -> None:
        """The root of a lead's trace, and its parts. `now` is what the clock of the steps says now."""
        offset = time.time() - now
        self._ids.wanted = trace_id, root_id = name_trace(lead_id)
        self._write(lead_id, whole, self._no_context, offset)
        for part in parts:
            self._write(lead_id, part, self._make_context(trace_id, root_id), offset)

    def note_step(self, lead_id: int, step: Step, now: float) -> None:
        """A part of a lead's trace, whose root may be another process's."""
        self._write(lead_id, step, self._make_context(*name_trace(lead_id)), time.time() - now)

    def close(self) -> None:
        """Send what is still to be sent."""
        self._provider.shutdown()

    def _write(self, lead_id: int, step: Step, context: Any, offset: float) -> None:
        facts = {"lead_id": lead_id, **step.facts}
        span = self._tracer.start_span(
            step.name,
            context=context,
            attributes={f"leadgen.{name}": value for name, value in facts.items()},
            start_time=int((step.began + offset) * 1e9),
        )
        span.end(int((step.ended + offset) * 1e9))


_tracer: Tracer | None = None


def configure(endpoint: str | None, service: str) -> None:
    """Begin to trace, if there is somebody to tell. Raises SettingsError where the package is missing."""
    global _tracer
    if endpoint is None or _tracer is not None:
        return
    if find_spec("opentelemetry") is None or find_spec(PACKAGE) is None:
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but packages are missing: pip install 'leadgen[traces]'"
        )
    _tracer = Tracer(service)


def tracer() -> Tracer | None:
    """Who traces; None: nobody."""
    return _tracer


def close() -> None:
    """Send what is still to be sent, and trace no more."""
    global _tracer
    if _tracer is not None:
        _tracer.close()
        _tracer = None


def name_trace(lead_id: int) -> tuple[int, int]:
    """The id of a lead's trace, and of its root."""
    digest = sha256(b"leadgen lead %d" % lead_id).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])
