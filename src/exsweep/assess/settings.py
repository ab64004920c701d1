"""What the user asked for."""

from datetime import datetime
from pathlib import Path

import msgspec

from exsweep.model import Server


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one triage is asked for; the command line fills it in."""

    evidence: tuple[Path, ...]
    now: datetime
    """The moment the run takes as the present (UTC, aware); the only clock the judge knows."""
    stdin: bytes | None = None
    """Pasted lines, where `-` was named."""
    out: Path | None = None
    """Folder for the event store and for going on after a stop; None keeps nothing."""
    quick: bool = False
    """Sweep: no event store."""
    jobs: int = 1
    rules: tuple[str, ...] = ()
    """The user's own Sigma rules: folders, files or zips."""
    indicators: tuple[str, ...] = ()
    """The user's own lists of indicators: addresses, agents, names, hashes."""
    yara: tuple[str, ...] = ()
    """The user's own YARA rules: folders, files or zips."""
    baselines: tuple[str, ...] = ()
    """Lists of shipped files that the user learned (`exsweep knowledge baseline`)."""
    passwords: tuple[bytes, ...] = ()
    """For locked members of archives; written nowhere."""
    zone: str = ""
    """The zone of records that write local time and do not say which, as the user says; empty: none is assumed."""
    keep_secrets: bool = False
    """Quote passwords, cookies, tokens and keys as they stand in the evidence."""
    secrets_key: bytes | None = None
    """Key of the marks that stand for them; None: one made from the case."""
    several: bool = True
    """Judge each server by itself where the evidence holds several; else all of it as one."""
    server: Server = Server()
    command: str = ""
