r"""What a hive of the registry tells: programs that were there or ran, and what Windows starts by itself.

Which hive it is, its keys say: `Root\InventoryApplicationFile` (Amcache), `Select` (SYSTEM), `Microsoft\Windows NT` (SOFTWARE),
`Software` (a user's NTUSER.DAT).
Source: keys as published by github:EricZimmerman (AmcacheParser, AppCompatCacheParser) and github:keydet89/RegRipper3.0
(analyst knowledge, 2026-11-28); UserAssist, BAM: https://artefacts.help (analyst knowledge, 2026-11-28)
"""

import codecs
import re
from collections.abc import Iterator, Sequence

from exsweep.parse.traces.base import WholeReader, trace
from exsweep.parse.traces.regf import Hive, Key, Value, is_hive
from exsweep.parse.traces.shimcache import entries
from exsweep.parse.traces.stamp import filetime

_USER = re.compile(
    r"(?i)(?:^|/)(?:Users|Documents and Settings)/([^/]+)/|(?:^|/)(?:NTUSER|ntuser)[_-]([^/.]+)"
)
_RUN = (
    r"Microsoft\Windows\CurrentVersion\Run",
    r"Microsoft\Windows\CurrentVersion\RunOnce",
    r"Microsoft\Windows\CurrentVersion\RunOnceEx",
    r"Microsoft\Windows\CurrentVersion\RunServices",
    r"Microsoft\Windows\CurrentVersion\Policies\Explorer\Run",
    r"Wow6432Node\Microsoft\Windows\CurrentVersion\Run",
    r"Wow6432Node\Microsoft\Windows\CurrentVersion\RunOnce",
)
_SINGLE = (
    (r"Microsoft\Windows NT\CurrentVersion\Winlogon", ("shell", "userinit", "taskman", "vmapplet")),
    (r"Microsoft\Windows NT\CurrentVersion\Windows", ("appinit_dlls", "load", "run")),
)
_SYSTEM_SINGLE = (
    (r"Control\Lsa", ("notification packages", "security packages", "authentication packages")),
    (r"Control\Session Manager", ("bootexecute", "setupexecute")),
)
_MOST = 200_000
"""Rows of one hive."""


@trace("registry", is_hive)
class HiveReader(WholeReader):
    """Rows of `amcache`, `shimcache`, `program_run` and `autostart`, one a key or value that tells something."""

    KIND = "autostart"
    LIMIT = 400 << 20
    BESIDE = (".LOG1", ".LOG2", ".LOG")

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._number = 0
        self._user = ""

    def read(self, data: bytes) -> None:
        hive = Hive(data, self.beside)
        root = hive.root
        facts = self.tally.facts
        if hive.dirty:
            facts["hive.logs"] = (
                f"{hive.applied} entries written in" if hive.applied else "not given, or of no use"
            )
            if not hive.applied:
                self.damaged(
                    "The hive was in use when it was copied, and its .LOG1 and .LOG2 were not given beside it "
                    "or hold nothing newer: its last changes may be missing."
                )
        if root is None:
            self.damaged("The hive has no root: nothing in it can be found.")
            self.reject(1, 0, "no-root", data[:64])
            return
        user = _USER.search(self.path.replace("\\", "/"))
        self._user = (user[1] or user[2]) if user else ""
        names = {one.name.lower() for one in root.subkeys()}
        if "root" in names:
            facts["hive"], self.kind = "Amcache", "amcache"
            self._amcache(hive)
        elif "select" in names or any(name.startswith("controlset0") for name in names):
            facts["hive"] = "SYSTEM"
            self._system(hive)
        elif "software" in names:
            facts["hive"] = "NTUSER"
            self._ntuser(hive)
        elif {"microsoft", "classes"} & names:
            facts["hive"] = "SOFTWARE"
            self._software(hive, "")
        else:
            facts["hive"] = "other"
            self.tally.note("A part of the registry in which nothing is looked for.")
        if hive.problems:
            count = sum(hive.problems.values())
            facts["hive.problems"] = ", ".join(f"{name} {n}" for name, n in sorted(hive.problems.items()))
            self.damaged(f"{count} places in the hive are damaged; what they held was not read.")
        if self._number >= _MOST:
            self.damaged(f"The hive tells more than {_MOST:,} things; the rest was not read.")

    def _tell(self, kind: str, values: dict[str, str]) -> None:
        if self._number < _MOST:
            self._number += 1
            self.row(values, line=self._number, offset=self._number, kind=kind)

    def _start(self, kind: str, name: str, command: str, key: Key, detail: str = "") -> None:
        if command:
            values = {
                "Written": key.written, "Kind": kind, "Name": name, "Command": command.strip(), "Detail": detail,
                "Key": key.path, "User": self._user,
            }  # fmt: skip
            self._tell("autostart", values)

    def _ran(self, source: str, path: str, when: str, key: Key, *, count: str = "", user: str = "") -> None:
        name = path.replace("/", "\\").rpartition("\\")[2]
        values = {"LastRun": when, "Source": source, "Path": path, "Name": name, "RunCount": count}
        self._tell("program_run", values | {"User": user or self._user, "Key": key.path})

    # Amcache.hve

    def _amcache(self, hive: Hive) -> None:
        files = hive.key(r"Root\InventoryApplicationFile")
        for one in files.subkeys() if files else ():
            said = _texts(one.values())
            path = said.get("lowercaselongpath", "")
            values = {
                "ProgramId": said.get("programid", ""),
                "FileKeyLastWriteTimestamp": one.written,
                "SHA1": said.get("fileid", "")[4:],
                "FullPath": path,
                "Name": said.get("name", "") or path.rpartition("\\")[2],
                "LinkDate": said.get("linkdate", ""),
                "ProductName": said.get("productname", ""),
                "Size": said.get("size", ""),
                "Version": said.get("version", ""),
                "ProductVersion": said.get("productversion", ""),
                "Description": said.get("originalfilename", ""),
            }
            self._tell("amcache", values | _extension(path))
        volumes = hive.key(r"Root\File")
        for volume in volumes.subkeys() if volumes else ():
            for one in volume.subkeys():
                found = one.values()
                said = _texts(found)
                path = said.get("15", "")
                values = {
                    "FileKeyLastWriteTimestamp": one.written,
                    "SHA1": said.get("101", "")[4:],
                    "FullPath": path,
                    "Name": path.rpartition("\\")[2],
                    "ProductName": said.get("0", ""),
                    "Size": said.get("6", ""),
                    "Description": said.get("c", ""),
                    "ProgramId": said.get("100", ""),
                }
                self._tell("amcache", values | _extension(path))

    # SYSTEM

    def _system(self, hive: Hive) -> None:
        for number in _control_sets(hive):
            base = f"ControlSet{number:03}"
            self._services(hive, base)
            self._shimcache(hive, base, number)
            self._bam(hive, base)
            for path, names in _SYSTEM_SINGLE:
                self._single(hive, f"{base}\\{path}", names)
            monitors = hive.key(rf"{base}\Control\Print\Monitors")
            for one in monitors.subkeys() if monitors else ():
                self._start("print monitor", one.name, _texts(one.values()).get("driver", ""), one)

    def _services(self, hive: Hive, base: str) -> None:
        services = hive.key(rf"{base}\Services")
        for one in services.subkeys() if services else ():
            said = _texts(one.values())
            parameters = (
                one.subkey("Parameters") if said.get("type", "") in ("32", "16", "96", "80") else None
            )
            library = _texts(parameters.values()).get("servicedll", "") if parameters else ""
            detail = f"start {said.get('start', '')}, account {said.get('objectname', '')}"
            self._start("service", one.name, said.get("imagepath", ""), one, detail)
            if library and parameters:
                self._start("service library", one.name, library, parameters, detail)

    def _shimcache(self, hive: Hive, base: str, number: int) -> None:
        key = hive.key(rf"{base}\Control\Session Manager\AppCompatCache")
        value = key.values().get("appcompatcache") if key else None
        if value is None:
            return
        known = False
        for place, (path, modified, ran) in enumerate(entries(value.data)):
            known = True
            values = {"ControlSet": str(number), "CacheEntryPosition": str(place), "Path": path}
            self._tell("shimcache", values | {"LastModifiedTimeUTC": modified, "Executed": ran})
        if not known and len(value.data) > 200:
            self.damaged(
                "The list of programs that Windows knew (ShimCache) has a form that is not known here."
            )

    def _bam(self, hive: Hive, base: str) -> None:
        for path in (r"bam\State\UserSettings", r"bam\UserSettings", r"dam\State\UserSettings"):
            users = hive.key(rf"{base}\Services\{path}")
            for user in users.subkeys() if users else ():
                for value in user.values().values():
                    if len(value.data) >= 8 and value.name.startswith("\\Device\\"):
                        self._ran("bam", value.name, filetime(value.data[:8]), user, user=user.name)

    # SOFTWARE and the SOFTWARE of a user

    def _software(self, hive: Hive, base: str) -> None:
        for path in _RUN:
            key = hive.key(base + path)
            self._all(key, "run key")
            for one in key.subkeys() if key else ():
                self._all(one, "run key")
        for path, names in _SINGLE:
            self._single(hive, base + path, names)
        options = hive.key(base + r"Microsoft\Windows NT\CurrentVersion\Image File Execution Options")
        for one in options.subkeys() if options else ():
            self._start("debugger", one.name, _texts(one.values()).get("debugger", ""), one)
        exits = hive.key(base + r"Microsoft\Windows NT\CurrentVersion\SilentProcessExit")
        for one in exits.subkeys() if exits else ():
            self._start("debugger", one.name, _texts(one.values()).get("monitorprocess", ""), one)
        tree = hive.key(base + r"Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree")
        for task in _all_below(tree) if tree else ():
            values = task.values()
            if "id" in values and "sd" not in values:
                name = task.path.partition("\\Tree\\")[2]
                self._start("hidden task", name, name, task, "no security descriptor")

    def _ntuser(self, hive: Hive) -> None:
        self._software(hive, "Software\\")
        assist = hive.key(r"Software\Microsoft\Windows\CurrentVersion\Explorer\UserAssist")
        for group in assist.subkeys() if assist else ():
            count = group.subkey("Count")
            for value in count.values().values() if count else ():
                if len(value.data) >= 68 and count is not None:
                    path = codecs.decode(value.name, "rot13")
                    runs = str(int.from_bytes(value.data[4:8], "little"))
                    self._ran("userassist", path, filetime(value.data[60:68]), count, count=runs)
        tools = hive.key(r"Software\Sysinternals")
        for tool in tools.subkeys() if tools else ():
            if "eulaaccepted" in tool.values():
                self._ran("licence accepted", f"{tool.name.replace(' ', '')}.exe", tool.written, tool)

    def _all(self, key: Key | None, kind: str) -> None:
        for value in key.values().values() if key else ():
            if key is not None:
                self._start(kind, value.name, value.text, key)

    def _single(self, hive: Hive, path: str, names: Sequence[str]) -> None:
        key = hive.key(path)
        found = key.values() if key else {}
        for name in names:
            if key is not None and name in found:
                self._start(path.rpartition("\\")[2].lower(), found[name].name, found[name].text, key)


def _control_sets(hive: Hive) -> list[int]:
    """The one in use; all of them where the hive does not say."""
    select = hive.key("Select")
    current = select.values().get("current") if select else None
    if current is not None and current.text.isdigit() and 0 < int(current.text) < 100:
        return [int(current.text)]
    root = hive.root
    names = [one.name.lower() for one in root.subkeys()] if root else []
    return [int(name[10:]) for name in names if re.fullmatch(r"controlset\d{3}", name)][:4]


def _all_below(key: Key, most: int = 20_000) -> Iterator[Key]:
    waiting = [(key, 0)]
    while waiting and most:
        one, depth = waiting.pop()
        for below in one.subkeys() if depth < 16 else ():
            most -= 1
            yield below
            if most <= 0:
                return
            waiting.append((below, depth + 1))


def _texts(values: dict[str, Value]) -> dict[str, str]:
    return {name: value.text for name, value in values.items()}


def _extension(path: str) -> dict[str, str]:
    name = path.rpartition("\\")[2]
    return {"FileExtension": "." + name.rpartition(".")[2].lower() if "." in name else ""}
