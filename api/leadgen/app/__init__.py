"""The HTTP API: it bounds and checks a request, calls one SQL function and hands on the answer."""

from leadgen.app.main import create_app

__all__ = ["create_app"]
