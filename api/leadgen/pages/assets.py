"""Style, script and htmx: read once, named by their content, so that a browser keeps them for good."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from leadgen.app.services import Request

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_GOOD = "public, max-age=31536000, immutable"
LETTERS = 16  # of the digest, in an address


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of ours."""

    path: str
    media_type: str
    body: bytes
    packed: bytes


@cache
def find_asset(name: str) -> Asset:
    """A file of the directory `static`. Raises KeyError for a name that none has."""
    suffix = name[name.rfind(".") :]
    body = files("leadgen.pages").joinpath("static", name).read_bytes()
    path = f"/assets/{sha256(body).hexdigest()[:LETTERS]}/{name}"
    return Asset(path, TYPES[suffix], body, gzip.compress(body, 9, mtime=0))


NAMES = frozenset(
    file.name
    for file in files("leadgen.pages").joinpath("static").iterdir()
    if file.name[file.name.rfind(".") :] in TYPES
)


@get("/assets/{digest:str}/{name:str}", include_in_schema=False)
async def give_asset(request: Request, digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A file of the pages, packed where the browser takes it so."""
    asset = find_asset(name) if name in NAMES else None
    if asset is None or asset.path != f"/assets/{digest}/{name}":
        raise NotFoundException
    is_packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": FOR_GOOD, "Vary": "Accept-Encoding"}
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(asset.packed if is_packed else asset.body, media_type=asset.media_type, headers=headers)
