"""Who may do what over HTTP: every operation against every kind of caller, on what is theirs and what is not."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api import contract
from api.people import PASSWORD, SESSION, add_session, add_user
from api.serving import (
    BUYER_KEY,
    MONEY_KEY,
    OPERATOR_KEY,
    OTHER_BUYER_KEY,
    SOURCE_KEY,
    Api,
    add_sale,
    digest,
    give_key,
    make_lead,
)
from leadgen.app.cookies import make_csrf_token

# nobody, a source, the buyer of the sale, another buyer, an operator who reads, one who keeps the books; by keys of
# users: an analyst, a member of the buyer; by cookies: an admin, an owner of the buyer.
CALLERS = ["nobody", "source", "buyer", "other", "reader", "books", "analyst", "member", "admin", "owner"]

# - 401, x 403, 0 404: no such thing, or not theirs; + whatever else they are told. What is not theirs and what is not
# there are one. This API has neither Stripe nor PUBLIC_URL nor an identity provider: no deposits, no passkeys, no
# sign-in by one. Bookings are asked for where nothing is: who may, hears 404.
TABLE = """
submitLead            ++------++
submitBatch           -+--------
explainLead           ----+++---
readFeed              --++++++++
issueFormToken        ++++++++++
verifySubscription    xxxxxxxxxx
takePost              ----------
showAssignment        --+0---+--
acceptAssignment      --+0---x--
returnAssignment      --+0---x--
reportOutcome         --00---x--
listReturnReasons     ++++++++++
listInvoices          --++---+--
showInvoice           --00---0--
showInvoicePdf        --00---0--
showStatement         --++---+--
showBalance           --++---+--
listLedger            --++---+--
requestDeposit        -0000000--
showPayment           --00---0--
listBalances          ----+++---
showBalanceOf         ----+++---
listLedgerOf          ----+++---
showStatementOf       ----+++---
listAllInvoices       ----+++---
showAnyInvoice        ----000---
showAnyInvoicePdf     ----000---
listPayments          ----+++---
listPayables          ----+++---
listPayouts           ----+++---
addPayment            ----x0x---
creditBuyer           ----x0x---
debitBuyer            ----x0x---
refundSale            ----x0x---
refundPayment         ----x0x---
allocateMoney         ----x0x---
billBuyer             ----x0x---
sendInvoice           ----x0x---
creditInvoice         ----x0x---
cancelInvoice         ----x0x---
disputeInvoice        ----x0x---
resolveDispute        ----x0x---
closeMonth            ----x+x---
paySource             ----x0x---
showAnswer            0000000000
giveAnswer            0000000000
signUp                ++++++++++
verifyEmail           0000000000
forgotPassword        ++++++++++
resetPassword         0000000000
logIn                 ++++++++++
changePassword        --------xx
logOut                -+++++++++
showMe                --------++
listSessions          --------++
endSessions           --------++
endSession            --------00
enrolTotp             --------++
confirmTotp           --------++
renewRecoveryCodes    --------++
removeTotp            --------++
listUsers             --------++
inviteUser            --------+0
approveUser           --------00
changeUserStatus      --------00
sendReset             --------00
revokeUser            --------00
removeBindings        --------0x
listPasskeys          --------++
beginPasskey          -000000000
addPasskey            -000000000
removePasskey         --------00
beginPasskeyLogin     0000000000
logInWithPasskey      0000000000
startProviderSignIn   0000000000
finishProviderSignIn  0000000000
listOwnKeys           --------++
createOwnKey          --------++
rotateOwnKey          --------00
revokeOwnKey          --------00
askVerify             ++++++++++
verifyByPage          0000000000
askPassword           ++++++++++
setPasswordByPage     0000000000
takeSmsStatus         0000000000
takeStripeEvent       0000000000
live                  ++++++++++
ready                 ++++++++++
"""
EXPECTED = {line.split()[0]: line.split()[1] for line in TABLE.strip().splitlines()}
OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, item in contract.document()["paths"].items()
    for method, operation in item.items()
}

NOTHING = 999_999_999
AMOUNT = {"amount": "10.00", "reason": "a test"}
BODIES: dict[str, Any] = {
    "submitLead": lambda: make_lead(source_key=None),
    "submitBatch": lambda: {"leads": [make_lead(source_key=None)]},
    "takePost": dict,
    "returnAssignment": lambda: {"reason": "wrong_number"},
    "reportOutcome": lambda: {"stars": 5},
    "requestDeposit": lambda: {"amount": "10.00"},
    "addPayment": lambda: {"amount": "10.00", "method": "check"},
    "creditBuyer": lambda: AMOUNT,
    "debitBuyer": lambda: AMOUNT,
    "refundSale": lambda: AMOUNT,
    "refundPayment": lambda: AMOUNT,
    "billBuyer": dict,
    "creditInvoice": lambda: {"reason": "a test"},
    "cancelInvoice": lambda: {"reason": "a test"},
    "disputeInvoice": lambda: {"reason": "a test"},
    "resolveDispute": lambda: {"notes": "a test"},
    "paySource": lambda: {"amount": "10.00", "currency": "USD"},
    "verifyEmail": lambda: {"token": "none"},
    "resetPassword": lambda: {"token": "none", "password": PASSWORD},
    "signUp": dict,
    "forgotPassword": dict,
    "logIn": dict,
    "confirmTotp": lambda: {"code": "123456"},
    "renewRecoveryCodes": lambda: {"code": "123456"},
    "removeTotp": lambda: {"code": "123456"},
    "addPasskey": dict,
    "logInWithPasskey": dict,
    "changePassword": lambda: {"password_now": "not the one", "password": PASSWORD},
    "inviteUser": lambda: {
        "email": f"{secrets.token_hex(6)}@people.example",
        "name": "Ben",
        "role": "buyer",
        "buyer_id": 2,
        "member_kind": "member",
    },
    "approveUser": lambda: {"buyer_id": 1},
    "changeUserStatus": lambda: {"status": "suspended", "reason": "a test"},
    "removeBindings": lambda: {"reason": "a test"},
    "createOwnKey": lambda: {"kind": "user", "name": "a test"},
    "rotateOwnKey": dict,
}
FORMS = {"giveAnswer": b"", "setPasswordByPage": f"password={PASSWORD.replace(' ', '+')}".encode()}
QUERIES = {
    "issueFormToken": "?source_key=austin-plumbing-v1",
    "showStatement": "?from=2026-01-01&to=2026-02-01",
    "showStatementOf": "?from=2026-01-01&to=2026-02-01",
}
OF_THE_BUYER = ("showBalanceOf", "listLedgerOf", "showStatementOf")


def test_the_table_has_every_operation() -> None:
    assert EXPECTED.keys() == OPERATIONS.keys()
    assert {len(row) for row in EXPECTED.values()} == {len(CALLERS)}


@pytest.fixture
def callers(shared_database: psycopg.Connection) -> dict[str, dict[str, str]]:
    """The headers by which each shows who it is; users, keys and sessions are new."""

    def give_to(email: str) -> str:
        key = f"lg_{secrets.token_hex(16)}"
        row = shared_database.execute("select id from leadgen.users where email = %s", [email]).fetchone()
        assert row
        give_key(shared_database, key, "a test", user_id=row[0])
        return key

    def sign_in(who: str) -> dict[str, str]:
        token = add_session(shared_database, who)
        return {"Cookie": f"{SESSION}={token}", "X_CSRF_Token": make_csrf_token(token)}

    keys = {
        "source": SOURCE_KEY,
        "buyer": BUYER_KEY,
        "other": OTHER_BUYER_KEY,
        "reader": OPERATOR_KEY,
        "books": MONEY_KEY,
        "analyst": give_to(add_user(shared_database, "analyst")),
        "member": give_to(add_user(shared_database, "buyer", "member")),
    }
    return (
        {"nobody": {}}
        | {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
        | {who: sign_in(who) for who in ("admin", "owner")}
    )


@pytest.fixture
def ask(api: Api, shared_database: psycopg.Connection) -> Callable[[str, dict[str, str]], int]:
    """Sends an operation's request as a caller; returns the status."""
    shared_database.execute("delete from leadgen.sign_in_tries")
    sale = add_sale(shared_database)
    query = "select a.lead_id, a.buyer_id from leadgen.lead_assignments a where a.id = %s"
    lead, buyer = shared_database.execute(query, [sale]).fetchone() or (0, 0)

    def send(operation: str, headers: dict[str, str]) -> int:
        method, path = OPERATIONS[operation]
        given = {
            "{lead_id}": lead,
            "{assignment_id}": sale if "Assignment" in operation else NOTHING,
            "{buyer_id}": buyer if operation in OF_THE_BUYER else NOTHING,
            "{month}": "2999-01",
            "{source_key}": "austin-plumbing-v1",
        }
        for name in [part for part in path.split("/") if part.startswith("{")]:
            path = path.replace(name, str(given.get(name, NOTHING)))
        body: bytes | None = None
        own = {"Idempotency_Key": secrets.token_hex(8)} if method == "POST" and "batch" not in path else {}
        if operation in FORMS:
            body = FORMS[operation]
            own["Content_Type"] = "application/x-www-form-urlencoded"
        elif operation in BODIES:
            body = json.dumps(BODIES[operation]()).encode()
            own["Content_Type"] = "application/json"
        return api.request(method, path + QUERIES.get(operation, ""), body, **own, **headers).status

    return send


@pytest.mark.parametrize("operation", EXPECTED)
def test_each_may_what_the_table_says(
    operation: str,
    callers: dict[str, dict[str, str]],
    ask: Callable[[str, dict[str, str]], int],
) -> None:
    statuses = {name: ask(operation, callers[name]) for name in CALLERS}
    assert max(statuses.values()) < 500
    signs = {401: "-", 403: "x", 404: "0"}
    found = "".join(signs.get(statuses[name], "+") for name in CALLERS)
    assert found == EXPECTED[operation], statuses


def test_no_key_is_another_kinds(shared_database: psycopg.Connection) -> None:
    query = "select kind from leadgen.api_keys where key_hash = any(%s)"
    keys = [digest(key) for key in (SOURCE_KEY, BUYER_KEY, OPERATOR_KEY)]
    assert {kind for (kind,) in shared_database.execute(query, [keys])} == {"source", "buyer", "operator"}


INVENTED = f"lg_o_abcdefgh_{'a' * 32}"
WITH_KEY = [
    name
    for name, (method, path) in OPERATIONS.items()
    if (security := contract.document()["paths"][path][method.lower()].get("security")) and {} not in security
]


def send_nonsense(api: Api, operation: str, **headers: str) -> int:
    """Its request with a body, a query and an idempotency key that nothing takes; returns the status."""
    method, path = OPERATIONS[operation]
    for name in [part for part in path.split("/") if part.startswith("{")]:
        path = path.replace(name, "2999-01" if name == "{month}" else str(NOTHING))
    body = b'{"nonsense": ' if method == "POST" else None
    odd = {"Idempotency_Key": "\u00e4" * 999, "Content_Type": "text/plain"} if body else {}
    query = "?limit=nonsense&before=nonsense&after=nonsense&status=nonsense&from=nonsense"
    return api.request(method, path + query, body, **odd, **headers).status


@pytest.mark.parametrize("operation", WITH_KEY)
def test_the_key_comes_first(
    api: Api, callers: dict[str, dict[str, str]], shared_database: psycopg.Connection, operation: str
) -> None:
    """Whoever has no key, or an invented one, is told that, whatever else is wrong."""
    assert send_nonsense(api, operation) == 401
    assert send_nonsense(api, operation, X_API_Key=INVENTED) == 401
    token = secrets.token_hex(16)
    invented = {"Cookie": f"{SESSION}={token}", "X_CSRF_Token": make_csrf_token(token)}
    assert send_nonsense(api, operation, **invented) == 401
    admitted = [name for name, sign in zip(CALLERS, EXPECTED[operation], strict=True) if sign != "-"]
    assert send_nonsense(api, operation, **callers[admitted[-1]]) != 401


def test_an_invented_key_comes_before_a_leads_faults(api: Api) -> None:
    for path in ("/api/leads", "/api/sources/austin-plumbing-v1/leads"):
        for body in (b"{", b"[]", b'{"phone": 1}'):
            answer = api.request("POST", path, body, Content_Type="application/json", X_API_Key=INVENTED)
            assert answer.status == 401, (path, body)
    assert api.request("POST", "/api/leads", b"{", Content_Type="application/json").status == 400


@pytest.mark.parametrize(
    ("operation", "body", "meant"),
    [
        ("inviteUser", {"emial": "x@people.example"}, "email"),
        ("changePassword", {"Password": "x"}, "password"),
        ("createOwnKey", {"scope": ["read"]}, "scopes"),
    ],
)
def test_a_field_that_was_probably_meant_is_named(
    ask: Callable[[str, dict[str, str]], int],
    api: Api,
    callers: dict[str, dict[str, str]],
    operation: str,
    body: dict[str, Any],
    meant: str,
) -> None:
    method, path = OPERATIONS[operation]
    text = json.dumps(body).encode()
    answer = api.request(method, path, text, Content_Type="application/json", **callers["admin"])
    assert answer.status == 400
    assert answer.json["detail"].endswith(f". Did you mean {meant}?")
