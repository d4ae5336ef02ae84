"""Requests that schemathesis makes of the OpenAPI document, by every kind of caller: no 5xx, and each answer described.

What it sends is new in each run and said when it fails; the document's own examples are among it.
"""

from collections.abc import Callable
from http.client import HTTPMessage
from typing import Any

import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case

from api import contract
from api.people import SESSION, add_session
from api.serving import BUYER_KEY, MONEY_KEY, OPERATOR_KEY, SOURCE_KEY, Api
from leadgen.app.cookies import make_csrf_token

KEYS = {"source": SOURCE_KEY, "buyer": BUYER_KEY, "reader": OPERATOR_KEY, "books": MONEY_KEY}
SESSIONS = ("admin", "owner", "member")
CALLERS = ("nobody", *KEYS, *SESSIONS)
EXAMPLES = 2  # of each operation, each sent by all callers

schema = schemathesis.openapi.from_dict(contract.document())


@pytest.fixture
def show(shared_database: psycopg.Connection) -> Callable[[str], dict[str, str]]:
    """The headers by which a caller shows who it is. Sessions are written anew, as some requests end them."""

    def headers(caller: str) -> dict[str, str]:
        if caller in KEYS:
            return {"Authorization": f"Bearer {KEYS[caller]}"}
        if caller not in SESSIONS:
            return {}
        token = add_session(shared_database, caller)
        return {"Cookie": f"{SESSION}={token}", "X-CSRF-Token": make_csrf_token(token)}

    return headers


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_breaks(
    case: Case[Any], api: Api, shared_database: psycopg.Connection, show: Callable[[str], dict[str, str]]
) -> None:
    shared_database.execute("delete from leadgen.sign_in_tries")
    for caller in CALLERS:
        answer = case.call(base_url=f"http://127.0.0.1:{api.port}", headers=show(caller))
        assert answer.status_code < 500, (caller, answer.content)
        headers = HTTPMessage()
        for name, values in answer.headers.items():
            headers[name] = values[0]
        path = case.formatted_path
        contract.check_answer(case.method.upper(), path, answer.status_code, headers, answer.content)
