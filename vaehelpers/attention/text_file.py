"""The text of a file from elsewhere: packed or not, in whatever encoding, and never too large."""

import codecs
import gzip
import io
import stat
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from ..errors import DataError, one_line

LARGEST = 100_000_000  # bytes of a file, packed and unpacked
SAMPLE = 50_000  # bytes that an encoding is guessed from
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is its beginning
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
WESTERN = "cp1252"  # latin-1 with quotation marks and dashes
# Encodings that files still come in, by the library's names.
CANDIDATES = (
    *(WESTERN, "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp874", "gb18030", "big5", "cp932", "euc_jp", "cp949"),
)
# What Python's modules raise for an archive that is damaged or encrypted.
_BROKEN = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)


class TextFile(NamedTuple):
    """What stands in a file: its text, its encoding, and the name it had in an archive, or ""."""

    text: str
    encoding: str
    member: str


def read_text(path: Path) -> TextFile:
    """Read a text file, or the only data file in a .gz or .zip archive.

    Bytes that its encoding does not have become U+FFFD. Raises DataError, one line, for a path that
    is no regular file, for a broken archive, and beyond LARGEST bytes.
    """
    name = one_line(path, 200)
    packed = _read_bytes(path, name)
    content, member = _unpack(packed, name)
    if len(content) > LARGEST:
        unpacked = "unpacked " if content is not packed else ""
        raise DataError(
            f"{name} is {unpacked}larger than {LARGEST:,} bytes; give a smaller sample of it"
        )
    return TextFile(*_decode(content), member)


def _read_bytes(path: Path, name: str) -> bytes:
    """Return the first LARGEST bytes of a regular file, and one more where there are more."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{name} is not a regular file; give a CSV file")
        with open(path, "rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        is_address = ":/" in str(path)
        hint = "download it first, then give its path" if is_address else "give a CSV file"
        reason = getattr(error, "strerror", error)
        raise DataError(f"{name} cannot be read ({reason}); {hint}") from None


def _unpack(content: bytes, name: str) -> tuple[bytes, str]:
    """Return what an archive holds, as `_read_bytes` does, and its name there; else `content`."""
    file = io.BytesIO(content)
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.GzipFile(fileobj=file).read(LARGEST + 1), ""
        if content.startswith((b"PK\3\4", b"PK\5\6")):
            with zipfile.ZipFile(file) as archive:
                member = _only_member(archive, name)
                return archive.open(member).read(LARGEST + 1), one_line(member.filename)
    except DataError:
        raise
    except _BROKEN as error:
        raise DataError(
            f"{name} cannot be unpacked ({one_line(error)}); "
            "download or pack it again, or unpack it and give the file inside"
        ) from None
    return content, ""


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """Return the one data file of an archive; a `readme` beside it does not count."""
    members = []
    for member in archive.infolist():
        base = member.filename.rpartition("/")[2]  # nothing for a folder
        if base and not base.lower().startswith((".", "readme")):
            members.append(member)
    if len(members) != 1:
        names = ", ".join(member.filename for member in members)
        raise DataError(
            f"{name} holds {len(members)} files ({one_line(names)}); unpack it and give one of "
            "them, or save a spreadsheet as CSV"
        )
    if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other kinds in one piece, however large.
        raise ValueError("packed in an unusual way")
    return members[0]


def _decode(content: bytes) -> tuple[str, str]:
    """Return the text of `content` and the name of its encoding."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, "replace"), encoding
    beyond_ascii = [line for line in content.splitlines() if not line.isascii()]
    damaged = sum(not _is_utf8(line) for line in beyond_ascii)
    if not damaged:
        return content.decode(), "utf-8"
    if damaged <= len(beyond_ascii) / 10:
        return content.decode(errors="replace"), f"utf-8, damaged in {damaged:,} lines"
    encoding = _guess(beyond_ascii)
    return content.decode(encoding, "replace"), f"{encoding} (guessed)"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _guess(lines: list[bytes]) -> str:
    """Return the likeliest encoding of lines that are not UTF-8.

    Which script they are in, charset_normalizer knows. Between the code pages for Latin letters it
    can hardly tell, and takes "£" for "Ł"; there the commonest is taken wherever it fits. And where
    pairs of bytes make sense, they are seldom single letters of another script.
    """
    import charset_normalizer  # only such files need it

    sample, size = [], 0
    for line in dict.fromkeys(lines):  # what is repeated weighs no more
        size += len(line)
        if sample and size > SAMPLE:
            break
        sample.append(line)
    found = charset_normalizer.from_bytes(b"\n".join(sample), cp_isolation=list(CANDIDATES))
    if not found or any(WESTERN in match.could_be_from_charset for match in found):
        return WESTERN
    return min(found, key=lambda match: (match.chaos, match.multi_byte_usage == 0)).encoding
