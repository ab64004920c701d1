r"""What Defender found, one file a detection: `Scans\History\Service\DetectionHistory`.

The file is a list of values: length, type, content, up to the next 8 bytes. What each means is told by its neighbours: a
resource is its kind (`file`, `containerfile`, `process` ...) and then its name.
Source: https://github.com/ernw/quarantine-formats/blob/master/docs/Windows_Defender.md (read 2026-11-28)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from exsweep.knowledge.places import place_of
from exsweep.parse.traces.base import WholeReader, trace
from exsweep.parse.traces.stamp import filetime

_MAGIC = "Magic.Version:".encode("utf-16-le")
_TEXT, _TIME, _TRACKING = 0x15, 0x0A, 0x28
_MOST = 20_000
_SCHEMES = frozenset(
    (
        *(
            "file",
            "containerfile",
            "folder",
            "webfile",
            "process",
            "service",
            "regkey",
            "regkeyvalue",
            "runkey",
        ),
        *(
            "startup",
            "driver",
            "taskscheduler",
            "behavior",
            "amsi",
            "internalcmdline",
            "cmdline",
            "wmi",
            "clsid",
        ),
    )
)
_STARTED = "ThreatTrackingStartTime".encode("utf-16-le")
_THREAT = re.compile(r"[A-Za-z]{3,40}:[A-Za-z0-9_]{1,40}/\S{1,200}")


@dataclass(frozen=True, slots=True)
class _Value:
    at: int
    kind: int
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-16-le", "replace").split("\0")[0] if self.kind == _TEXT else ""


def is_detection(head: bytes, _path: str = "") -> bool:
    """The second or third value says which version of the list this is."""
    return _MAGIC in head[:128]


@trace("defender_detection", is_detection)
class DetectionReader(WholeReader):
    """One row for each thing that was found."""

    KIND = "antivirus"
    LIMIT = 4 << 20

    def read(self, data: bytes) -> None:
        values = list(self._values(data))
        texts = [one for one in values if one.kind == _TEXT and not one.text.startswith("Magic.")]
        threat = next((one.text for one in texts if _THREAT.fullmatch(one.text)), "") or (
            texts[0].text if texts else ""
        )
        when = _started(values) or next(
            (said for one in values if one.kind == _TIME and (said := filetime(one.data))), ""
        )
        found = list(_resources(values))
        for number, (at, scheme, name) in enumerate(found, 1):
            path = name.removeprefix("\\\\?\\").split("->")[0]
            self.row(
                {
                    "TimeStamp": when,
                    "Product": "Microsoft Defender",
                    "Event": "detection_history",
                    "Threat": threat,
                    "Path": path,
                    "Scheme": scheme,
                    "Place": place_of(path).kind if path[1:3] == ":\\" else "",
                },
                line=number,
                offset=at,
            )
        if not found:
            self.reject(1, 0, "names-nothing", data[:64])

    def _values(self, data: bytes) -> Iterator[_Value]:
        at = count = 0
        while at + 8 <= len(data) and count < _MOST:
            size, kind = (int.from_bytes(data[at + n : at + n + 4], "little") for n in (0, 4))
            if at + 8 + size > len(data):
                self.damaged(f"The file ends inside a value at byte {at}.")
                return
            if size or kind:
                yield _Value(at, kind, data[at + 8 : at + 8 + size])
            count += 1
            at = (at + 8 + size + 7) // 8 * 8


def _resources(values: list[_Value]) -> Iterator[tuple[int, str, str]]:
    """Kind and name of each thing, once."""
    texts = [one for one in values if one.kind == _TEXT]
    seen: set[tuple[str, str]] = set()
    for one, following in pairwise(texts):
        scheme, name = one.text.lower(), following.text
        if scheme in _SCHEMES and name and name.lower() not in _SCHEMES and (scheme, name) not in seen:
            seen.add((scheme, name))
            yield following.at, scheme, name


def _started(values: list[_Value]) -> str:
    """When Defender first saw the threat, out of the tracking record."""
    for one in values:
        place = one.data.find(_STARTED) if one.kind == _TRACKING else -1
        if place >= 0:
            at = place + len(_STARTED) + 2 + 4
            return filetime(one.data[at : at + 8])
    return ""
