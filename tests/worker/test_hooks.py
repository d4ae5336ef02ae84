"""Webhooks of operators: the feed through the outbox, signed, in order, nothing lost."""

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from rig.cli import Cli
from worker.conftest import Outbox, Worker
from worker.receivers import Endpoint, accept, always, http_endpoint

StartWorker = Callable[..., AbstractAsyncContextManager[Worker]]


def add_hook(outbox: Outbox, url: str, *kinds: str) -> tuple[int, str]:
    ((hook, secret),) = outbox.rows("select hook_id, secret from leadgen.add_hook('ops', %s, %s)", url, list(kinds))
    return hook, secret


def items_of(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [item for _, body in endpoint.requests for item in body["data"].get("items", [])]
