"""What the descriptions of several routes have in common."""

from typing import Any

from leadgen.app import problems
from leadgen.app.problems import MEDIA_TYPE, Kind

Json = dict[str, Any]


def ref(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def content(**schema_of_type: str) -> Json:
    types = {"json": "application/json", "problem": MEDIA_TYPE}
    return {types[name]: {"schema": ref(schema)} for name, schema in schema_of_type.items()}


def problem(description: str, *headers: str) -> Json:
    described = {name: {"schema": {"type": "string"}} for name in headers}
    return {"description": description, "headers": described, "content": content(problem="Problem")}


def titles(*kinds: Kind) -> str:
    return "; ".join(kind.title for kind in kinds)


UNEXPECTED: Json = {"500": problem(titles(problems.UNEXPECTED))}
UNAUTHORIZED = problem("The API key is missing where one is needed, or not valid", "WWW-Authenticate")
UNAVAILABLE = problem(titles(problems.UNAVAILABLE), "Retry-After")
