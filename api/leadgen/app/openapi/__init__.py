"""The OpenAPI document: Litestar makes the paths from the handlers, msgspec makes the schemas from the models."""
