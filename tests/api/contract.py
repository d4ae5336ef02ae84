"""The OpenAPI document as a contract: an answer of the API is one that the document describes."""

import json
import re
from functools import cache
from http.client import HTTPMessage
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from leadgen.app import main
from leadgen.app.openapi.document import make_document
from leadgen.settings import Settings

Json = dict[str, Any]

CHARACTERS = {"integer": r"-?\d+", "string": r"[^/]+"}

PDF = "application/pdf"


class UndescribedError(AssertionError):
    """An answer that the document does not describe."""


@cache
def document() -> Json:
    """The document."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "configure_logging", lambda *_: None)
        app = main.create_app(Settings(database_url="postgresql://nobody@127.0.0.1/nothing"))
    return make_document(app)


def components() -> Json:
    """The components, in which each object has the described members and no others."""
    schemas = document()["components"]["schemas"]
    return {
        "schemas": {
            name: schema | ({"additionalProperties": False} if "properties" in schema else {})
            for name, schema in schemas.items()
        }
    }


def validator(schema: Json) -> Draft202012Validator:
    """What holds a value against a schema of the document."""
    whole = schema | {"components": components()}
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


@cache
def operations() -> list[tuple[str, re.Pattern[str], Json]]:
    """The operations, with the methods and paths that are theirs."""
    found = []
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            pattern = re.escape(path)
            for parameter in operation.get("parameters", []):
                characters = CHARACTERS[parameter["schema"]["type"]]
                pattern = pattern.replace(re.escape(f"{{{parameter['name']}}}"), characters)
            found.append((method.upper(), re.compile(pattern), operation))
    return found


@cache
def body_validator(operation_id: str, status: str, kind: str) -> Draft202012Validator:
    """What holds a body of an answer against its schema."""
    (operation,) = (one for _, _, one in operations() if one["operationId"] == operation_id)
    return validator(operation["responses"][status]["content"][kind]["schema"])


def check_answer(method: str, target: str, status: int, headers: HTTPMessage, body: bytes) -> None:
    """Raise UndescribedError unless the document describes the answer: its status, type, headers and body.

    An address that is no operation's is let pass.
    """
    path = urlsplit(target).path
    for of_method, of_path, operation in operations():
        if method == of_method and of_path.fullmatch(path):
            check_described(operation, str(status), headers, body)


def check_described(operation: Json, status: str, headers: HTTPMessage, body: bytes) -> None:
    """Raise UndescribedError unless this is one of the operation's answers."""
    answers = operation["responses"]
    name = f"{operation['operationId']} answers {status}"
    if status not in answers:
        raise UndescribedError(f"{name}: the document knows {', '.join(answers)}. {body!r}")
    described = answers[status]
    if missing := [header for header in described.get("headers", {}) if header not in headers]:
        raise UndescribedError(f"{name} without {', '.join(missing)}")
    kinds = described.get("content", {})
    kind = (headers["Content-Type"] or "").partition(";")[0]
    if not kinds and not body:
        return
    if kind not in kinds:
        raise UndescribedError(f"{name} as {kind}: the document knows {', '.join(kinds) or 'no body'}")
    value = json.loads(body) if kind.endswith("json") else body.decode("latin-1" if kind == PDF else "utf-8")
    if faults := list(body_validator(operation["operationId"], status, kind).iter_errors(value)):
        listed = "; ".join(f"{fault.json_path}: {fault.message}" for fault in faults)
        raise UndescribedError(f"{name}: {listed}")
