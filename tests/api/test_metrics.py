"""Prometheus metrics, of one process and of several."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from api.serving import Api, add_catalogue, make_lead, running_api


def read_metrics(api: Api) -> dict[tuple[str, ...], float]:
    """The samples by name and label values."""
    families = text_string_to_metric_families(api.metrics())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_answers_are_counted_and_timed_by_route_and_status(api: Api) -> None:
    before = read_metrics(api)
    api.post(make_lead())
    api.post(b"")
    api.get("/nothing/here")
    api.get("/api/leads/77/decision")
    after = read_metrics(api)

    def risen(*sample: str) -> float:
        return after[sample] - before.get(sample, 0)

    assert risen("leadgen_http_requests_total", "/api/leads", "202") == 1
    assert risen("leadgen_http_requests_total", "/api/leads", "400") == 1
    assert risen("leadgen_http_requests_total", "/api/leads/{lead_id}/decision", "401") == 1
    assert risen("leadgen_http_requests_total", "unmatched", "404") == 1
    assert risen("leadgen_http_request_seconds_count", "/api/leads") == 2
    assert after[("leadgen_pool_connections_in_use",)] == 0


def test_the_port_of_the_api_does_not_serve_them(api: Api) -> None:
    assert api.get("/metrics").status == 404


def test_several_processes_add_up(database: str, tmp_path: Path) -> None:
    add_catalogue(database)
    with running_api(database, tmp_path, workers=2) as api:
        for _ in range(40):
            assert api.post(make_lead()).status == 202
        for _ in range(10):
            assert read_metrics(api)["leadgen_http_requests_total", "/api/leads", "202"] == 40
