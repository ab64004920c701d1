"""Does a case still fit together? Everything that can be computed again is computed again; what does not fit is said in words."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

import exsweep
from exsweep.assess.custody import NAME, Broken, Entry, entries, last_hash, sha256_of
from exsweep.assess.resealing import quotes_of, seals
from exsweep.assess.settings import Settings
from exsweep.errors import EvidenceError, StoreError
from exsweep.export import EXPORTERS
from exsweep.model import Assessment, CustodyItem, decode

ASSESSMENT = "assessment.json"
BIGGEST = 512 << 20
"""Bytes of an assessment or report; the biggest of ours has 30 MB."""
_OVERVIEW = ("index.html", "case.json")
"""Written above the folders of several servers, and into a bundle: neither is in the log."""
_SHOWN = 20
"""Places of one kind that are named; the others are counted."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked and what did not fit, in sentences. Names in them are hostile text."""

    checked: tuple[str, ...]
    problems: tuple[str, ...]
    unknown: tuple[str, ...]
    """What could not be checked, and why: neither right nor wrong."""
    last_hash: str
    """Hash of the custody log's last line."""


def verify(folder: Path, settings: Settings, *, bundled: bool = False) -> Verified:
    """Check the output folder of a triage; also against the evidence where `settings.evidence` names it.

    `bundled`: it comes out of a bundle, which may leave the saved events out.

    Raises:
        EvidenceError: the folder holds no case, or the evidence is not there.
    """
    checking = _Checking(folder)
    run = checking.log()
    assessment = checking.assessment(run)
    if assessment is not None:
        checking.custody(assessment, run)
        checking.reports(assessment, run)
    checking.events(run, bundled)
    checking.others(run)
    if settings.evidence and assessment is not None:
        checking.evidence(assessment, settings)
    elif assessment is not None:
        checking.unknown.append(
            "The evidence itself was not compared: name it with --evidence, as it was named for triage."
        )
    return Verified(
        checked=tuple(checking.checked),
        problems=tuple(checking.problems),
        unknown=tuple(checking.unknown),
        last_hash=last_hash(folder / NAME),
    )


class _Log:
    """What the custody log says of the last run, and of reading in all runs (a stopped one may have read for it)."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        """Report files and stored events of the last run, with their hashes."""
        self.read: set[tuple[str, str]] = set()
        self.judged: list[str] = []
        self.changed: list[str] = []
        self.rejudged = False

    def add(self, entry: Entry, *, begins: bool) -> None:
        match entry.action:
            case "opened" if begins:
                self.written, self.judged, self.changed = {}, [], []
            case "exported" | "stored":
                self.written[entry.path] = entry.sha256
            case "rejudged":
                self.rejudged = True
                self.judged.append(entry.sha256)
            case "read":
                self.read.add((entry.path, entry.sha256))
            case "judged":
                self.judged.append(entry.sha256)
            case "changed":
                self.changed.append(entry.detail)
            case _:
                pass


class _Checking:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.checked: list[str] = []
        self.problems: list[str] = []
        self.unknown: list[str] = []

    def log(self) -> _Log:
        known, count, action = _Log(), 0, ""
        latest: datetime | None = None
        broken: list[str] = []
        for entry in entries(self._folder / NAME):
            count += 1
            if isinstance(entry, Broken):
                broken.append(f"Custody log, line {entry.line:,}: {entry.reason}.")
                continue
            if latest is not None and entry.time < latest:
                self.unknown.append(
                    f"Custody log, line {entry.n:,}: the clock went back; the order is that of the lines."
                )
            latest = entry.time
            known.add(entry, begins=action != "opened")
            action = entry.action
        self._some(broken)
        self.checked.append(f"custody log: {count:,} lines, each against the one before")
        self.unknown += _few(f"Changed while triage was at work: {words}." for words in known.changed)
        return known

    def assessment(self, run: _Log) -> Assessment | None:
        if ASSESSMENT not in run.written:
            self.problems.append(
                f"The custody log does not say that {ASSESSMENT} was written: the run did not end, or the log was cut."
            )
        data = self._bytes(ASSESSMENT)
        if data is None:
            return None
        try:
            assessment = decode(data)
        except (EvidenceError, RecursionError) as error:
            self.problems.append(f"{ASSESSMENT} is no assessment that can be read: {error}")
            return None
        self.checked.append(f"{ASSESSMENT}: {len(assessment.custody):,} files of evidence")
        return assessment

    def custody(self, assessment: Assessment, run: _Log) -> None:
        """The list of evidence in the assessment, against its own seal and against the log."""
        seal = manifest_of(assessment.custody)
        if seal != assessment.manifest_sha256:
            self.problems.append(f"{ASSESSMENT}: its list of evidence does not give the seal that it states.")
        if run.judged and run.judged[-1] != assessment.manifest_sha256:
            self.problems.append(f"{ASSESSMENT}: the custody log says that other evidence was judged.")
        if not run.read and run.rejudged:
            self.unknown.append(
                "Judged from the saved events of another folder: its custody log has the reading."
            )
            return
        self._some(
            f"The custody log does not say that this was read: {item.path} (SHA-256 {item.sha256})."
            for item in assessment.custody
            if (item.path, item.sha256) not in run.read
        )
        unsealed = sum(not item.sha256 for item in assessment.custody)
        if unsealed:
            self.unknown.append(f"{unsealed:,} files could not be read by triage and have no seal.")

    def reports(self, assessment: Assessment, run: _Log) -> None:
        """Reports against the log, and against what the assessment gives when it is exported again."""
        same = assessment.run.version == exsweep.__version__
        by_file = {each.file_name: each for each in (EXPORTERS[name] for name in EXPORTERS)}
        for name, sha256 in sorted(run.written.items()):
            if name.startswith("events/"):
                continue
            data = self._bytes(name)
            if data is None:
                continue
            if hashlib.sha256(data).hexdigest() != sha256:
                self.problems.append(f"{name} is not what was written: it was changed since.")
            elif same and name in by_file and by_file[name].export(assessment) != data:
                self.problems.append(f"{name} says something else than the assessment.")
            else:
                self.checked.append(name)
        if not same:
            self.unknown.append(
                f"Reports were made by exsweep {assessment.run.version}: not made again for comparison."
            )

    def events(self, run: _Log, bundled: bool) -> None:
        """Saved events against the log."""
        said = {name: sha256 for name, sha256 in run.written.items() if name.startswith("events/")}
        there = {f"events/{path.name}" for path in (self._folder / "events").glob("*")}
        if bundled and said and not there:
            self.unknown.append(
                "The saved events are not in this bundle (`exsweep bundle --events` puts them in)."
            )
            return
        self._some(f"{name} is not there any more." for name in sorted(said.keys() - there))
        self._some(f"{name} was not written by triage." for name in sorted(there - said.keys()))
        changed = []
        for name in sorted(said.keys() & there):
            path = self._folder / name
            try:
                fits = not path.is_symlink() and path.is_file() and sha256_of(path) == said[name]
            except StoreError as error:
                fits = False
                self.unknown.append(str(error))
            if not fits:
                changed.append(f"{name} is not what was written: it was changed since.")
        self._some(changed)
        if said:
            self.checked.append(f"saved events: {len(said):,} files")

    def others(self, run: _Log) -> None:
        """Files that the log does not name: of somebody else, or of a log whose end was cut off."""
        known = {*run.written, NAME, "events", ".work"}
        there = sorted(path.name for path in self._folder.iterdir() if not path.is_dir() or path.is_symlink())
        self.unknown += _few(
            f"{name} is there, but the custody log does not say that triage wrote it: it was put there later,"
            " or the end of the log was cut off."
            for name in there
            if name not in known and name not in _OVERVIEW
        )

    def evidence(self, assessment: Assessment, settings: Settings) -> None:
        """Every file of the evidence sealed again and compared."""
        before = {item.path: item for item in assessment.custody}
        count, problems, more = 0, [], []
        quotes = quotes_of(assessment.findings)
        misquoted = []
        for seal in seals(settings.evidence, settings, quotes):
            count += 1
            misquoted += [
                f"{finding} quotes a line that does not stand in {seal.path}." for finding in seal.wrong
            ]
            item = before.pop(seal.path, None)
            if item is None:
                more.append(f"Evidence that was not there at triage: {seal.path}.")
            elif item.sha256 and seal.sha256 != item.sha256:
                problems.append(
                    f"Evidence changed: {seal.path} had {item.size:,} bytes, SHA-256 {item.sha256};"
                    f" now {seal.size:,} bytes, SHA-256 {seal.sha256 or 'unreadable'}."
                )
        self._some(sorted(problems))
        self._some(sorted(f"Evidence missing: {path}." for path in before))
        self._some(sorted(more))
        self._some(sorted(misquoted))
        self.checked.append(f"evidence: {count:,} files sealed again")
        if quotes:
            lines = sum(map(len, quotes.values()))
            self.checked.append(
                f"quoted lines: {lines:,} read again at their places; a mark stands for any secret"
            )

    def _bytes(self, name: str) -> bytes | None:
        path = self._folder / name
        if Path(name).name != name:
            self.problems.append(f"The custody log names a file outside the case: {name}.")
            return None
        try:
            if path.is_symlink() or not path.is_file():
                self.problems.append(f"{name} is not there any more.")
                return None
            if path.stat().st_size > BIGGEST:
                self.problems.append(
                    f"{name} is bigger than any file of ours ({path.stat().st_size:,} bytes)."
                )
                return None
            return path.read_bytes()
        except OSError as error:
            self.problems.append(f"{name} cannot be read: {error.strerror or error}.")
            return None

    def _some(self, problems: Sequence[str] | Iterator[str]) -> None:
        self.problems += _few(problems)


def manifest_of(items: Sequence[CustodyItem]) -> str:
    """The seal over a list of evidence, computed apart from the judge that states it."""
    total = hashlib.sha256()
    for item in items:
        total.update(f"{item.sha256}  {item.size}  {item.path}\n".encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def _few(sentences: Sequence[str] | Iterator[str]) -> list[str]:
    """At most twenty of one kind, and how many more."""
    shown: list[str] = []
    count = 0
    for sentence in sentences:
        count += 1
        if count <= _SHOWN:
            shown.append(sentence)
    return [*shown, f"... and {count - _SHOWN:,} more of this kind."] if count > _SHOWN else shown
