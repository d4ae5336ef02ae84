"""Our own host and origin, as browsers know them."""

from typing import NamedTuple
from urllib.parse import urlsplit


class Site(NamedTuple):
    """For whom browsers sign."""

    host: str
    origin: str

    @classmethod
    def of(cls, public_url: str | None) -> "Site | None":
        """The host and origin of PUBLIC_URL; None without one."""
        if public_url is None:
            return None
        parts = urlsplit(public_url)
        return cls(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")
