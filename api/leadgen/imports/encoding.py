"""In which encoding a file is written.

A byte order mark says it. A file without one is UTF-8 if its bytes are, for no other encoding looks like it by chance;
UTF-16 without a mark shows by its NULs. What is left was written by an old program, and only guessing helps: chardet
guesses, and Windows-1252 is what is taken otherwise. docs/decisions says how the guesses were compared.
"""

import codecs
import re
from typing import BinaryIO, NamedTuple

from leadgen.errors import LeadGenError

CHUNK = 1 << 20
SAMPLE = 65_536  # bytes that a guess is made of
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
NULS = 0.2  # of every second byte: an e-mail address or a number in UTF-16 is half NULs
FALLBACK = "Windows-1252"
# What a guess may be, by the codec's name. Each ISO 8859 is read as the Windows code page that has all of its letters.
GUESSES = {
    "cp1252": "Windows-1252", "iso8859-1": "Windows-1252", "iso8859-15": "ISO-8859-15",
    "cp1250": "Windows-1250", "iso8859-2": "ISO-8859-2",
    "cp1251": "Windows-1251", "koi8-r": "KOI8-R", "koi8-u": "KOI8-U",
    "cp1253": "Windows-1253", "iso8859-7": "ISO-8859-7",
    "cp1254": "Windows-1254", "iso8859-9": "Windows-1254",
    "cp1255": "Windows-1255", "cp1256": "Windows-1256", "cp1257": "Windows-1257",
    "mac-roman": "Mac-Roman",
    "shift_jis": "CP932", "cp932": "CP932", "euc_jp": "EUC-JP", "gb2312": "GB18030", "gbk": "GB18030",
    "gb18030": "GB18030", "big5": "Big5", "cp949": "CP949", "euc_kr": "CP949",
}  # fmt: skip

_BROKEN = re.compile("[\udc80-\udcff]")
_ABOVE_ASCII = re.compile("[^\x00-\x7f]")


class Encoding(NamedTuple):
    """A codec, its name for people, whether it is a guess, and how many bytes are no text in it."""

    codec: str
    name: str
    is_guess: bool = False
    broken: int = 0


def find_encoding(file: BinaryIO, wanted: str | None = None) -> Encoding:
    """The encoding of a file, which is read once and rewound. Raises LeadGenError for an unknown name."""
    if wanted is not None:
        return _look_up(wanted)
    head = file.read(SAMPLE)
    file.seek(0)
    for mark, codec, name in MARKS:
        if head.startswith(mark):
            return Encoding(codec, name)
    if len(head) > 1:
        for start, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
            if head[start::2].count(0) > NULS * (len(head) // 2) > 5 * head[1 - start :: 2].count(0):
                return Encoding(codec, "UTF-16")
    good, broken, sample = _try_utf_8(file)
    file.seek(0)
    if good >= broken:
        return Encoding("utf-8", "UTF-8", broken=broken)
    name = _guess(sample)
    return Encoding(name, name, is_guess=True)


def _look_up(wanted: str) -> Encoding:
    try:
        b"a".decode(wanted, "replace")
        codec = codecs.lookup(wanted).name
    except (LookupError, ValueError):
        raise LeadGenError(
            f"--encoding: found {wanted}, allowed the name of an encoding, such as utf-8, utf-16 or windows-1252"
        ) from None
    return Encoding("utf-8-sig" if codec == "utf-8" else codec, wanted)


def _try_utf_8(file: BinaryIO) -> tuple[int, int, bytes]:
    """How many characters above ASCII the bytes are in UTF-8, how many bytes are none, and lines that have such."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    good = broken = 0
    sample = bytearray()
    while chunk := file.read(CHUNK):
        text = decoder.decode(chunk)
        if text.isascii():
            continue
        wrong = len(_BROKEN.findall(text))
        broken += wrong
        good += len(_ABOVE_ASCII.findall(text)) - wrong
        if len(sample) < SAMPLE:
            sample += b"\n".join(line for line in chunk.splitlines() if not line.isascii())
    broken += len(decoder.decode(b"", final=True))
    return good, broken, bytes(sample[:SAMPLE])


def _guess(sample: bytes) -> str:
    import chardet

    guess = chardet.detect(sample)["encoding"]
    try:
        codec = codecs.lookup(guess or FALLBACK).name
    except LookupError:
        return FALLBACK
    return GUESSES.get(codec, FALLBACK)
