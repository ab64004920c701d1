"""The disk's journal of changes, as a free tool lists it: the last days only, for Windows keeps no more.

It is where a page shows that was made and removed again before anybody copied the web folder.
"""

import random
from datetime import timedelta

from example.scene import COLLECTED, day_start, moment, ms, stream
from example.tree import LogKind, Tree

KIND = "disk/journal"
FIRST = ms("2021-03-04T18:00:00")
COLUMNS = (
    "Name,Extension,EntryNumber,SequenceNumber,ParentEntryNumber,ParentSequenceNumber,ParentPath,UpdateSequenceNumber,"
    "UpdateTimestamp,UpdateReasons,FileAttributes,OffsetToData,SourceFile"
)
WEB_LOGS = ".\\inetpub\\logs\\LogFiles\\W3SVC1"
ASP_NET = (
    ".\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Temporary ASP.NET Files\\owa\\8e05b027\\e164d61b"
)
PAGES = ".\\inetpub\\wwwroot\\aspnet_client\\system_web"
MADE, REMOVED = "FileCreate|DataExtend|Close", "FileDelete|Close"


class Journal:
    """Rows in order of time, numbered as the disk numbers them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._number = 514_726_400
        tree.kinds[KIND] = LogKind(
            KIND,
            "Disk (MFTECmd)",
            lambda _: "20210309141200_MFTECmd_$J_Output.csv",
            lambda _t, _first: [COLUMNS.encode()],
            lambda _: None,
            bom=False,
        )

    def changed(
        self, time_ms: int, folder: str, name: str, entry: int, reasons: str, truth: str = ""
    ) -> None:
        self._number += 88 + 8 * len(name)
        values = (
            name,
            "." + name.rpartition(".")[2],
            entry,
            3,
            sum(folder.encode()) % 90_000,
            2,
            folder,
            self._number,
            f"{moment(time_ms):%Y-%m-%d %H:%M:%S}.{time_ms % 1000:03d}0000",
            reasons,
            "Archive",
            self._number & 0xFFFFFFF,
            ".\\C\\$Extend\\$J",
        )
        self._tree.add(KIND, time_ms, ",".join(map(str, values)).encode(), truth)


def write_journal(tree: Tree, seed: int, archive: str) -> None:
    """Ordinary days, and what the intruder made and took away again."""
    rng = stream(seed, "journal")
    found = [*_daily(rng), *_planted(rng, archive)]
    journal = Journal(tree)
    for time_ms, folder, name, entry, reasons, truth in sorted(found):
        journal.changed(time_ms, folder, name, entry, reasons, truth)


def _daily(rng: random.Random) -> list[tuple[int, str, str, int, str, str]]:
    """Logs that roll, pages of Exchange that are compiled."""
    found = []
    day = moment(FIRST).date()
    while day <= moment(COLLECTED).date():
        begin = day_start(day)
        found.append((begin + 900, WEB_LOGS, f"u_ex{day:%y%m%d}.log", 80_000 + day.day, "FileCreate", ""))
        for _ in range(60):
            name = f"{rng.getrandbits(32):08x}.{rng.choice(('cmdline', 'out', 'err', 'dll', 'pdb'))}"
            t, entry = begin + rng.randrange(86_000_000), rng.randrange(90_000, 200_000)
            found += [(t, ASP_NET, name, entry, MADE, ""), (t + 1_800, ASP_NET, name, entry, REMOVED, "")]
        day += timedelta(days=1)
    return [one for one in found if FIRST <= one[0] < COLLECTED]


def _planted(rng: random.Random, archive: str) -> list[tuple[int, str, str, int, str, str]]:
    """A second back door, removed in the last night; the archive, removed once it was fetched."""
    page = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=7)) + ".aspx"
    packed = archive.rpartition("/")[2]
    logon = ".\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\owa\\auth"
    return [
        (ms("2021-03-05T01:49:02.310"), PAGES, page, 201_477, MADE, "page-made"),
        (ms("2021-03-05T01:52:09.120"), logon, packed, 201_480, MADE, "archive-made"),
        (ms("2021-03-05T02:11:30.040"), logon, packed, 201_480, REMOVED, ""),
        (ms("2021-03-08T22:41:40.770"), PAGES, page, 201_477, REMOVED, "page-removed"),
    ]
