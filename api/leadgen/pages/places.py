"""Our own addresses: to which a browser may be sent on."""

import re

from leadgen.app.provider_sign_in import OWN_PATH

LONGEST = 1_000
QUERY = re.compile(r"[A-Za-z0-9_.~=&%+:,@-]*")


def read_place(text: str | None, default: str) -> str:
    """A path of ours with its query, or the default for any other text."""
    if text is None or len(text) > LONGEST:
        return default
    path, mark, query = text.partition("?")
    is_own = OWN_PATH.fullmatch(path) is not None and QUERY.fullmatch(query) is not None
    return f"{path}{mark}{query}" if is_own else default
