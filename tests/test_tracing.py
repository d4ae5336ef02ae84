"""Traces: a lead from request to delivery in one trace at a real OTLP receiver; off, nothing is imported."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.serving import SERVE, add_catalogue, make_lead, running_api
from leadgen import tracing
from leadgen.db.urls import with_role
from leadgen.settings import SettingsError
from rig.forks import WORKER, Fork
from rig.waiting import wait_until

trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")


@dataclass
class Collector:
    """An OTLP receiver by HTTP, and the spans that came."""

    url: str = ""
    spans: list[tuple[str, Any]] = field(default_factory=list)  # the service, and its span
    bodies: list[bytes] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        """Read a request."""
        self.bodies.append(body)
        request = trace_service.ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            (name,) = (a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            self.spans += [(name, span) for scope in resource.scope_spans for span in scope.spans]

    def names(self) -> list[tuple[str, str]]:
        """Service and name of each span."""
        return sorted((service, span.name) for service, span in self.spans)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A receiver on loopback."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_lead_is_one_trace_from_request_to_delivery(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    lead = make_lead(name="Wilhelmina Overbeck", message="Call my sister")
    with collecting() as collector:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        worker_settings = settings | {
            "DATABASE_URL": with_role(database, "leadgen_worker"),
            "WORKER_POLL_SECONDS": "0.1",
        }
        with (
            running_api(database, tmp_path, 1, SERVE, **settings) as api,
            (tmp_path / "worker.log").open("wb") as log,
        ):
            worker = Fork(WORKER, ["worker"], os.environ | worker_settings, log.fileno(), log.fileno())
            try:
                answer = api.post(lead)
                assert answer.status == 202
                wait_until(
                    lambda: ("leadgen-worker", "deliver") in collector.names(),
                    lambda: f"{collector.names()} {(tmp_path / 'worker.log').read_text()}",
                )
            finally:
                worker.terminate()
                worker.wait()
        wait_until(lambda: ("leadgen-api", "decide") in collector.names(), collector.names)
    spans = {span.name: span for _, span in collector.spans}
    assert spans.keys() == {"lead", "wait", "decide", "deliver"}
    trace_id, root_id = tracing.name_trace(answer.json["lead_id"])
    assert {span.trace_id for span in spans.values()} == {trace_id.to_bytes(16)}
    root = spans["lead"]
    assert (root.span_id, root.parent_span_id) == (root_id.to_bytes(8), b"")
    for name in ("wait", "decide", "deliver"):
        assert spans[name].parent_span_id == root.span_id
    assert root.start_time_unix_nano <= spans["decide"].start_time_unix_nano
    assert spans["decide"].end_time_unix_nano <= root.end_time_unix_nano
    for word in (str(lead["email"]), str(lead["phone"]), "Wilhelmina", "sister", "78701", "Austin"):
        assert word.encode() not in b"".join(collector.bodies)


def test_without_the_setting_nothing_of_it_is_imported(stocked_database: str) -> None:
    code = (
        "import sys; from leadgen.app.main import create_app; from leadgen.settings import load_settings;"
        "import leadgen.worker.process; create_app(load_settings());"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    environment = os.environ | {"DATABASE_URL": stocked_database}
    environment.pop("OTEL_EXPORTER_OTLP_ENDPOINT", None)
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


def test_a_collector_that_is_away_holds_up_no_lead(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    with running_api(database, tmp_path, 1, SERVE, **settings) as api:
        for _ in range(5):
            assert api.post(make_lead()).status == 202
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from leadgen.leads").fetchone() == (5,)


def test_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"leadgen\[traces\]"):
        tracing.configure("http://127.0.0.1:4318", "leadgen-api")
