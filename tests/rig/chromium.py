"""Debian's Chromium for tests of pages: without it they are skipped, and where CI is true they fail."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium")
MUST = os.environ.get("CI") == "true"
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

needs_chromium = pytest.mark.skipif(CHROMIUM is None and not MUST, reason="there is no chromium here")


@contextmanager
def running_chromium(*flags: str) -> Iterator[Browser]:
    """A browser without a window."""
    assert CHROMIUM, "CI=true, and there is no chromium: scripts/get-chromium gets it"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=[*QUIET, *flags])
        yield running
        running.close()
