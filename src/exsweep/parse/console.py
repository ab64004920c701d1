"""What check scripts print on the console, line by line: facts, rows, headings."""

import re
from dataclasses import dataclass, field

from exsweep.knowledge.builds import number, spell

LONGEST = 4096
"""No script prints longer lines."""
Row = tuple[str, dict[str, bytes]]
"""Id of a format and its columns."""

_PROMPT = re.compile(rb"(PS [A-Za-z]:[^>]{0,200}>|\[PS\] .{0,200}>)\s*(?P<command>.*)")
_STATUS = re.compile(rb"ProxyLogon Status:\s*Exchange Server\s+(?P<server>\S+)", re.I)
_AGES = re.compile(rb"Log age days:(?P<ages>.*)", re.I)
_AGE = re.compile(rb"(?P<name>[A-Za-z]{2,30})(?P<days>\s+\d{1,5}(?:[.,]\d{1,3})?)?(?=\s|$)")
_TEST = re.compile(rb"\[(?P<test>CVE-\d{4}-\d{4,7})\]\s*(?P<text>.+)", re.I)
_OTHER = re.compile(rb"Other suspicious files found:\s*(?P<count>\d{1,9})", re.I)
_EVENTS = re.compile(rb"(?P<count>\d{1,9}) events found\b", re.I)
_EXPORTED = re.compile(rb"Report exported to:\s*(?P<path>.+)", re.I)
_NOTHING = re.compile(rb"Nothing suspicious detected", re.I)
_SKIPPED = re.compile(rb".{0,80}\b(?P<what>Skipping .{1,80})", re.I)
_FILE = re.compile(rb"(?P<type>[A-Z][A-Za-z]{3,40})\s*:\s*(?P<path>[A-Za-z]:\\.+)")
_EXTRA = re.compile(
    rb"VDir:\s{0,9}\[(?P<vdir>[^\]]{0,500})\]\s{0,9}PDir:\s{0,9}\[(?P<pdir>[^\]]{0,500})\]\s{0,9}"
    rb"FileName:\s{0,9}\[(?P<name>[^\]]{0,500})\]\s{0,9}FilePath:\s{0,9}\[(?P<path>[^\]]{0,900})\](?P<text>.{0,200})"
)
_PATH = re.compile(rb"'?(?P<path>(?:[A-Za-z]:|\\\\[^\\/:*?\"<>|]+)\\[^:*?\"<>|]+?)'?")
_BUILD = re.compile(
    rb"\b(?:Build Number|AdminDisplayVersion|ExchangeVersion|ProductVersion|FileVersion)\s*:\s*(?P<shown>\S.{6,60})"
    rb"|\b(?P<version>Version 1[45]\.\d{1,2} \(Build \d{1,4}\.\d{1,4}\))|\b(?P<setup>1[45]\.[\d.]{6,20})\s.{0,200}ExSetup\.exe",
    re.I,
)
"""HealthChecker, `Get-ExchangeServer | fl`, `Get-Command Exsetup.exe`: the build that somebody has just looked up."""
_RULE = re.compile(rb"[-=\s]+")
_CHATTER = re.compile(
    rb"(Please review the following|Please scan your file system|WebShells? possibly downloaded|Copying |Creating .* Directory"
    rb"|Warning: Unable to copy|Started\.\.\.|Found exchange version|Processing \d+ directories|Comparison complete"
    rb"|BaselineData)",
    re.I,
)


@dataclass(slots=True)
class Spoken:
    """What one line says. Nothing set: a heading or chatter of the script."""

    facts: dict[str, str] = field(default_factory=dict)
    row: Row | None = None
    test: str | None = None
    """Test under which the following lines stand."""


_SIGNS = (
    b"proxylogon status:",
    b"log age days:",
    b"[cve-",
    b"other suspicious files found:",
    b" events found",
    b"report exported to:",
    b"nothing suspicious detected",
    b"skipping ",
)


def may_speak(text: bytes) -> bool:
    """Some line of the text may state a fact or name a test: one of the phrases is in it that `read_console` goes by."""
    if b"PS " in text or b"[PS] " in text:
        return True
    low = text.lower()
    return any(sign in low for sign in _SIGNS)


def read_console(line: bytes, test: str) -> Spoken | None:
    """One line of a script's output; None when it is none. `test`: the test whose section this is, or empty.

    >>> read_console(b"  Other suspicious files found: 22", "").facts
    {'other_suspicious_files': '22'}
    """
    text = line.strip()
    if len(text) > LONGEST:
        return None
    if match := _PROMPT.fullmatch(text):
        return Spoken({"command": _text(match["command"])} if match["command"] else {})
    if match := _STATUS.match(text):
        return Spoken({"server": _text(match["server"])}, test="")
    if match := _AGES.match(text):
        return Spoken(_ages(match["ages"]))
    if match := _TEST.match(text):
        name = _text(match["test"]).upper()
        return Spoken(
            row=("test_proxylogon", {"Test": name.encode(), "Message": match["text"].strip()}), test=name
        )
    if match := _OTHER.match(text):
        count = {"Test": b"other", "Message": text, "Count": match["count"].strip()}
        return Spoken(
            {"other_suspicious_files": _text(match["count"])}, row=("test_proxylogon", count), test="other"
        )
    if match := _EVENTS.match(text):
        return Spoken({f"events_found.{test or 'unknown'}": _text(match["count"])})
    if match := _EXPORTED.match(text):
        return Spoken({f"report.{_text(_base(match['path']))}": _text(match["path"])})
    if _NOTHING.match(text):
        return Spoken({"nothing_suspicious": "true"})
    if match := _SKIPPED.match(text):
        return Spoken({f"skipped.{_text(match['what'])[:60]}": "true"})
    if _CHATTER.search(text):
        return Spoken()
    if build := _stated(text):
        return Spoken({"stated_build": build})
    return _rows(text, test)


def _stated(text: bytes) -> str | None:
    """The build of Exchange that a line names.

    >>> _stated(b"AdminDisplayVersion : Version 15.1 (Build 2106.2)")
    '15.1.2106.2'
    """
    match = _BUILD.search(text)
    parts = number(_text(match[match.lastgroup or 0])) if match else None
    return spell(parts) if parts and len(parts) == 4 and parts[0] in (14, 15) and parts[2] else None


def _rows(text: bytes, test: str) -> Spoken | None:
    if match := _EXTRA.search(text):
        result = b"NoHashMatch" if b"extra or edited" in match["text"] else match["text"].strip()
        values = {"VDir": match["vdir"], "PDir": match["pdir"], "Name": match["name"], "Path": match["path"]}
        return Spoken(
            row=("file_listing", {name: value.strip() for name, value in values.items()} | {"Result": result})
        )
    if match := _FILE.fullmatch(text):
        return Spoken(row=_file(match["path"], match["type"]))
    if match := _PATH.fullmatch(text):
        path = match["path"].strip()
        if test and path.lower().endswith(b".log"):
            return Spoken(row=("test_proxylogon", {"Test": test.encode(), "Message": path}))
        return Spoken(row=_file(path, test.encode()))
    if len(text) > 2 and _RULE.fullmatch(text):
        return Spoken()
    return None


def hash_row(fields: list[bytes]) -> Row | None:
    """A row of the hash comparison without its header, told by its values: a result word, a full path, a hash.

    The order of columns differs between versions of PowerShell, so that no place can be relied on. The three times of
    such a row cannot be told apart and are left out.
    """
    words = [one for one in fields if one in (b"NoHashMatch", b"KnownBadHash", b"Suspicious", b"ReadError")]
    paths = sorted((one for one in fields if re.match(rb"[A-Za-z]:\\", one)), key=len, reverse=True)
    if len(words) != 1 or not paths or not 7 <= len(fields) <= 12:
        return None
    kind, values = _file(paths[0], b"")
    values |= {"Result": words[0]}
    if len(paths) > 1:
        values["PDir"] = paths[-1]
    for one in fields:
        if re.fullmatch(rb"[0-9A-Fa-f]{64}", one):
            values["Hash"] = one
        elif b"/" in one and not re.match(rb"[\d\s/.:-]+([AP]M)?$", one) and one not in paths:
            values["VDir"] = one
    return kind, values


def _file(path: bytes, kind: bytes) -> Row:
    return "file_listing", {"Type": kind, "Path": path.strip(), "Name": _base(path)}


def _base(path: bytes) -> bytes:
    return path.strip().rsplit(b"\\", 1)[-1]


def _ages(text: bytes) -> dict[str, str]:
    """`Oabgen  Ecp 29,5` -> days per log as a decimal with a point; empty when the script found no such log."""
    found = {}
    for match in _AGE.finditer(text):
        found[f"log_age_days.{_text(match['name']).lower()}"] = (
            _text(match["days"] or b"").strip().replace(",", ".")
        )
    return found


def _text(value: bytes) -> str:
    return value.strip().decode("utf-8", "backslashreplace")
