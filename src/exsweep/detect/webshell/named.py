"""What the path of a file counts for, and the reports of equal files: a server has the same page in many folders."""

from collections import OrderedDict
from typing import Final

import msgspec

from exsweep.detect.webshell.kinds import extension_of
from exsweep.knowledge.logon import takes_passwords
from exsweep.knowledge.places import DROP, place_of
from exsweep.model.files import FileReport, FileVerdict

_MOST: Final = 16_384
"""Reports kept, about a kilobyte each."""
_MOST_CAPABILITIES: Final = 8


class Named(msgspec.Struct, frozen=True):
    """All that a report may owe to the path, so that files which are alike in this and in their bytes are one to look at."""

    extension: str
    """As the web server sees it, see `extension_of`."""
    config: bool
    """Its name ends in `.config`."""
    script: bool
    """Its name ends in `.js`."""
    logon: bool
    """A page of the mail server that takes passwords, or a script of one."""
    drop: bool
    """Lies where nothing but a back door is a page."""
    used: bool
    """Has a name, or lies in a folder, that intruders are known to use."""

    @property
    def as_path(self) -> str:
        """A path with this extension."""
        return f"x.{self.extension}"


def named(path: str) -> Named:
    """What of this path counts."""
    low = path.lower()
    place = place_of(path)
    return Named(
        extension=extension_of(path),
        config=low.endswith(".config"),
        script=low.endswith(".js"),
        logon=takes_passwords(path),
        drop=place.kind == DROP,
        used=place.severity in ("critical", "high"),
    )


class Remembered:
    """Reports of unremarkable files, by content and `Named`; the one that was longest not asked for is forgotten first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._reports: OrderedDict[tuple[str, Named], FileReport] = OrderedDict()

    def get(self, sha256: str, place: Named) -> FileReport | None:
        """What was said of these bytes in such a place; its `path` is that of another file."""
        report = self._reports.get((sha256, place))
        if report is not None:
            self._reports.move_to_end((sha256, place))
        return report

    def keep(self, place: Named, report: FileReport) -> None:
        """Remember it, if it is small."""
        if (
            report.verdict is not FileVerdict.UNREMARKABLE
            or len(report.capabilities) > _MOST_CAPABILITIES
            or self._most <= 0
        ):
            return
        self._reports[report.sha256, place] = report
        if len(self._reports) > self._most:
            self._reports.popitem(last=False)
