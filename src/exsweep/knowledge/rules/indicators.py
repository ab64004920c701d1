"""Indicators (addresses, agents, names, hashes, domains): the known ones, and lists that the user brings."""

import csv
import io
import re
from ipaddress import ip_network
from pathlib import Path

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge import data_files

KINDS = (
    "ip",
    "domain",
    "email",
    "user_agent",
    "file_name",
    "file_path",
    "file_extension",
    "md5",
    "sha1",
    "sha256",
    "url",
)
_HASHES = {32: "md5", 40: "sha1", 64: "sha256"}
_LARGEST = 64 << 20


class Indicator(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an intruder used. It says who may have been here, never by itself that somebody was."""

    value: str
    kind: str
    """One of KINDS."""
    campaign: str | None = None
    cves: tuple[str, ...] = ()
    confidence: str = "medium"
    context: str = ""
    source: str = ""


def known_indicators() -> tuple[Indicator, ...]:
    """Those of data/iocs.csv, in file order."""
    return tuple(_from_row(row) for row in data_files.rows("iocs.csv"))


def read_indicators(path: Path) -> tuple[Indicator, ...]:
    """A user's list: a table with the columns of data/iocs.csv, or one value a line (`#` begins a remark).

    Raises:
        KnowledgeError: unreadable, or a line that is no indicator; says which.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(
            f"{path} cannot be read: {error}.", tip="Give a UTF-8 text or CSV file."
        ) from error
    lines = text.split("\n")
    if {"indicator", "type"} <= set(lines[0].strip().lower().split(",")):
        rows = csv.DictReader(io.StringIO(text, newline=""))
        return tuple(_from_row({key: value or "" for key, value in row.items() if key}) for row in rows)
    found = []
    for number, line in enumerate(lines, start=1):
        value = line.partition("#")[0].strip()
        if value:
            kind = kind_of(value)
            if kind is None:
                raise KnowledgeError(
                    f"{path}:{number}: {value[:80]!r} is no address, domain, file name or hash.",
                    tip="For agents and others give a table with the columns indicator,type.",
                )
            found.append(Indicator(value=_fanged(value), kind=kind, source=f"{path.name}:{number}"))
    return tuple(found)


def kind_of(value: str) -> str | None:
    """What an indicator without a type is, or None."""
    value = _fanged(value)
    try:
        ip_network(value, strict=False)
    except ValueError:
        pass  # not an address: tried as something else below
    else:
        return "ip"
    if re.fullmatch(r"[0-9a-fA-F]+", value) and len(value) in _HASHES:
        return _HASHES[len(value)]
    if re.fullmatch(r"https?://\S+", value):
        return "url"
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "email"
    if re.search(r"[\\/]", value):
        return "file_path"
    if re.search(r"(?i)\.(aspx?|ashx|asmx|exe|dll|bat|ps1|zip|7z|rar|js|cer|txt|config|pst|hta|vbs)$", value):
        return "file_name"
    return "domain" if re.fullmatch(r"(?i)([a-z0-9_-]+\.)+[a-z][a-z0-9-]+", value) else None


def _fanged(value: str) -> str:
    """Reports write `1.2.3[.]4` and `hxxp://`."""
    return re.sub(r"(?i)^hxxp", "http", value.replace("[.]", ".").replace("[:]", ":"))


def _from_row(row: dict[str, str]) -> Indicator:
    return Indicator(
        value=_fanged(row["indicator"].strip()),
        kind=row["type"].strip().lower(),
        campaign=row.get("actor_or_campaign") or None,
        cves=tuple(re.findall(r"CVE-\d{4}-\d{4,7}", row.get("cve", ""))),
        confidence=row.get("confidence") or "medium",
        context=row.get("context", ""),
        source=row.get("source", ""),
    )
