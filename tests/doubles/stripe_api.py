"""A double of Stripe's API on loopback, stateful, faults included.

It speaks what is documented of the calls that we make: Bearer keys, nested forms, idempotency keys with their replays
and conflicts, errors as {error: {type, code, message}}, lists by pages, expanded objects, events that are signed.

https://docs.stripe.com/api
https://docs.stripe.com/api/idempotent_requests
https://docs.stripe.com/webhooks#verify-manually
"""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import stripe

SECRET_KEY = "sk_test_double"
WEBHOOK_SECRET = "whsec_double"
ZERO_DECIMAL = {"jpy", "krw", "clp"}
FEE_PERCENT, FEE_FIXED, DISPUTE_FEE = 3, 30, 1500

Json = dict[str, Any]
Fault = Callable[["Stripe", Callable[[], "Reply"]], "Reply | None"]


class Reply(NamedTuple):
    """An answer: its status and its body."""

    status: int
    body: Json


def refuse(status: int, kind: str, message: str, code: str | None = None, **more: Any) -> Reply:
    """An error as Stripe sends it."""
    return Reply(status, {"error": {"type": kind, "message": message, "code": code, **more}})


def lose_answer(_: "Stripe", act: Callable[[], Reply]) -> None:
    """It is done, and the connection breaks before the answer."""
    act()


def lose_request(_: "Stripe", __: Callable[[], Reply]) -> None:
    """The connection breaks before anything is done."""


def fail_after(_: "Stripe", act: Callable[[], Reply]) -> Reply:
    """It is done, and the answer is an error of the server."""
    act()
    return refuse(500, "api_error", "Something went wrong")


def be_busy(_: "Stripe", __: Callable[[], Reply]) -> Reply:
    """Too many requests."""
    return refuse(429, "invalid_request_error", "Too many requests", "rate_limit")


def decline(code: str) -> Fault:
    """The card is declined."""

    def fault(double: "Stripe", act: Callable[[], Reply]) -> Reply:
        double.declines.append(code)
        return act()

    return fault


@dataclass
class Stripe:
    """The account's objects. Each of `faults` befalls one POST, in order. `events` are those that it would send."""

    url: str = ""
    requests: list[tuple[str, str, Json]] = field(default_factory=list)
    objects: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    declines: deque[str] = field(default_factory=deque)
    before_answer: Callable[[str], None] = lambda _: None
    kept: dict[str, tuple[Json, Reply | None]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    now: Callable[[], int] = lambda: int(time.time())

    def add(self, prefix: str, kind: str, **members: Any) -> Json:
        """A new object."""
        made = {"id": f"{prefix}_{next(self.numbers)}", "object": kind, "created": self.now(), **members}
        self.objects[made["id"]] = made
        return made

    def tell(self, kind: str, about: Json) -> None:
        """An event about an object as it is now."""
        snapshot = json.loads(json.dumps(about))
        self.events.append(
            self.add("evt", "event", type=kind, api_version=stripe.api_version, data={"object": snapshot})
        )

    def forget(self) -> None:
        """As it was in the beginning."""
        for kept in (self.requests, self.objects, self.events, self.faults, self.declines, self.kept):
            kept.clear()

    def intents(self) -> list[Json]:
        """All PaymentIntents."""
        return [one for one in self.objects.values() if one["object"] == "payment_intent"]

    # What the API does.

    def create_intent(self, form: Json) -> Reply:
        """POST /v1/payment_intents, off-session and confirmed."""
        intent = self.add(
            "pi", "payment_intent", amount=int(form["amount"]), amount_received=0, currency=form["currency"],
            customer=form.get("customer"), payment_method=form.get("payment_method"), metadata=form.get("metadata", {}),
            status="requires_confirmation", latest_charge=None, last_payment_error=None,
        )  # fmt: skip
        self.tell("payment_intent.created", intent)
        if self.declines:
            code = self.declines.popleft()
            error = {
                "type": "card_error",
                "code": "card_declined",
                "decline_code": code,
                "message": f"Declined: {code}",
            }
            intent |= {"status": "requires_payment_method", "last_payment_error": error}
            self.tell("payment_intent.payment_failed", intent)
            return Reply(402, {"error": {**error, "payment_intent": json.loads(json.dumps(intent))}})
        self.succeed(intent)
        return Reply(200, self.expand(intent, form))

    def succeed(self, intent: Json) -> None:
        """The money comes."""
        fee = intent["amount"] * FEE_PERCENT // 100 + (0 if intent["currency"] in ZERO_DECIMAL else FEE_FIXED)
        settled = self.add(
            "txn", "balance_transaction", amount=intent["amount"], fee=fee, currency=intent["currency"]
        )
        charge = self.add(
            "ch", "charge", amount=intent["amount"], currency=intent["currency"], payment_intent=intent["id"],
            metadata=intent["metadata"], balance_transaction=settled["id"], status="succeeded", paid=True,
            payment_method_details={"type": "card", "card": {"brand": "visa", "last4": "4242"}},
        )  # fmt: skip
        intent |= {
            "status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"],
            "last_payment_error": None,
        }  # fmt: skip
        self.tell("charge.succeeded", charge)
        self.tell("payment_intent.succeeded", intent)

    def open_session(self, form: Json) -> Reply:
        """POST /v1/checkout/sessions in the mode payment."""
        (item,) = form["line_items"].values()
        if not form.get("success_url"):
            return refuse(
                400, "invalid_request_error", "Missing required param: success_url.", "parameter_missing"
            )
        session = self.add(
            "cs", "checkout.session", mode=form["mode"], status="open", payment_status="unpaid", payment_intent=None,
            amount_total=int(item["price_data"]["unit_amount"]), currency=item["price_data"]["currency"],
            customer=form.get("customer"), metadata=form.get("metadata", {}),
            client_reference_id=form.get("client_reference_id"),
        )  # fmt: skip
        session["url"] = f"{self.url}/pay/{session['id']}"
        session["asked"] = form
        return Reply(200, {name: value for name, value in session.items() if name != "asked"})

    def pay(self, session_id: str) -> Json:
        """The buyer pays on the page. Returns the PaymentIntent."""
        with self.lock:
            session = self.objects[session_id]
            data = session["asked"]["payment_intent_data"]
            customer = session["customer"] or self.add("cus", "customer")["id"]
            intent = self.add(
                "pi", "payment_intent", amount=session["amount_total"], amount_received=0, currency=session["currency"],
                customer=customer, payment_method=self.add("pm", "payment_method")["id"], metadata=data["metadata"],
                status="requires_confirmation", latest_charge=None, last_payment_error=None,
            )  # fmt: skip
            self.tell("payment_intent.created", intent)
            self.succeed(intent)
            session |= {
                "status": "complete", "payment_status": "paid", "payment_intent": intent["id"], "customer": customer,
                "url": None,
            }  # fmt: skip
            self.tell("checkout.session.completed", {k: v for k, v in session.items() if k != "asked"})
            return intent

    def create_refund(self, form: Json) -> Reply:
        """POST /v1/refunds"""
        intent = self.objects[form["payment_intent"]]
        made = [one for one in self.objects.values() if one["object"] == "refund"]
        gone = sum(
            one["amount"]
            for one in made
            if one["payment_intent"] == intent["id"] and one["status"] != "failed"
        )
        amount = int(form.get("amount", intent["amount"] - gone))
        if amount > intent["amount_received"] - gone:
            return refuse(400, "invalid_request_error", "Refund amount is greater than unrefunded amount")
        refund = self.add(
            "re", "refund", amount=amount, currency=intent["currency"], payment_intent=intent["id"],
            charge=intent["latest_charge"], metadata=form.get("metadata", {}), status="succeeded", reason=None,
        )  # fmt: skip
        self.tell("refund.created", refund)
        return Reply(200, refund)

    def dispute(self, intent_id: str) -> Json:
        """The buyer's bank takes the money back."""
        intent = self.objects[intent_id]
        dispute = self.add(
            "du", "dispute", amount=intent["amount"], currency=intent["currency"], payment_intent=intent["id"],
            charge=intent["latest_charge"], metadata={}, status="needs_response", reason="fraudulent",
            balance_transactions=[],
        )  # fmt: skip
        self.tell("charge.dispute.created", dispute)
        settled = self.add(
            "txn",
            "balance_transaction",
            amount=-intent["amount"],
            fee=DISPUTE_FEE,
            currency=intent["currency"],
        )
        dispute["balance_transactions"] = [settled]
        self.tell("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def close_dispute(self, dispute: Json, status: str) -> None:
        """The bank decides: won or lost."""
        dispute["status"] = status
        if status == "won":
            settled = self.add(
                "txn", "balance_transaction", amount=dispute["amount"], fee=0, currency=dispute["currency"]
            )
            dispute["balance_transactions"] = [*dispute["balance_transactions"], settled]
            self.tell("charge.dispute.funds_reinstated", dispute)
        self.tell("charge.dispute.closed", dispute)

    # How it is asked.

    def answer(self, method: str, path: str, form: Json, headers: Json) -> Reply | None:
        """One request. None: the connection breaks."""
        with self.lock:
            self.requests.append((method, path, form))
            if headers.get("authorization") != f"Bearer {SECRET_KEY}":
                return refuse(401, "invalid_request_error", "Invalid API Key provided: sk_test_***")
            if method == "GET":
                return self.look(path, form)
            key = headers.get("idempotency-key", "")
            if key in self.kept:
                said, reply = self.kept[key]
                if said != form:
                    return refuse(400, "idempotency_error", "Keys can only be used with the same parameters")
                if reply is None:
                    return refuse(409, "idempotency_error", "In use", "idempotency_key_in_use")
                return reply
            fault = self.faults.popleft() if self.faults else None
        acts = {
            "/v1/payment_intents": self.create_intent,
            "/v1/checkout/sessions": self.open_session,
            "/v1/refunds": self.create_refund,
        }

        def act() -> Reply:
            with self.lock:
                reply = acts[path](form)
                self.kept[key] = (form, reply)
            self.before_answer(path)
            return reply

        return fault(self, act) if fault else act()

    def look(self, path: str, form: Json) -> Reply:
        """GET of an object, or of a list, newest first."""
        kind = {"payment_intents": "payment_intent", "refunds": "refund"}.get(path.split("/")[-1])
        if kind is None:
            found = self.objects.get(path.split("/")[-1])
            if found is None:
                return refuse(404, "invalid_request_error", "No such object", "resource_missing")
            return Reply(200, self.expand(found, form))
        wanted = {name: form[name] for name in ("customer", "payment_intent") if name in form}
        found_all = [
            one for one in reversed(list(self.objects.values()))
            if one["object"] == kind and all(one.get(name) == value for name, value in wanted.items())
            and one["created"] >= int(form.get("created", {}).get("gte", 0))
        ]  # fmt: skip
        if after := form.get("starting_after"):
            found_all = found_all[[one["id"] for one in found_all].index(after) + 1 :]
        limit = int(form.get("limit", 10))
        return Reply(
            200,
            {"object": "list", "url": path, "data": found_all[:limit], "has_more": len(found_all) > limit},
        )

    def expand(self, found: Json, form: Json) -> Json:
        """The object, with what is asked for in place of its id."""
        copy = {name: value for name, value in json.loads(json.dumps(found)).items() if name != "asked"}
        for path in (form.get("expand") or {}).values():
            at = copy
            for name in path.split("."):
                if isinstance(at.get(name), str):
                    at[name] = json.loads(json.dumps(self.objects[at[name]]))
                if not isinstance(at.get(name), dict):
                    break
                at = at[name]
        return copy


def sign(event: Json, secret: str = WEBHOOK_SECRET, at: int | None = None) -> tuple[str, str]:
    """An event as it is sent: its body, and the header Stripe-Signature."""
    body = json.dumps(event)
    return body, stripe.WebhookSignature.generate_signature_header(body, secret, at)


def read_nested(query: str) -> Json:
    """`a[b][0]=c` as {"a": {"b": {"0": "c"}}}."""
    form: Json = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", name)
        at = form
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return form


class _Handler(BaseHTTPRequestHandler):
    double: ClassVar[Stripe]

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _answer(self, body: str) -> None:
        at = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.double.answer(self.command, at.path, read_nested(body or at.query), headers)
        if reply is None:
            self.close_connection = True
            return
        text = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
        pass


@contextmanager
def running_stripe() -> Iterator[Stripe]:
    """A double that listens."""
    double = Stripe()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"double": double}))
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
