"""`exsweep triage`: judge one server from its evidence."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from exsweep.cli.in_language import LANGUAGE
from exsweep.cli.secrets_key import key_in
from exsweep.cli.unlocking import secrets, unlocking
from exsweep.errors import EvidenceError, UsageError
from exsweep.export import EXPORTERS
from exsweep.model import Level, Server

_PASTE_CAP = 256 << 20
_LEVELS = [level.value for level in Level if level.rank >= Level.ATTACKED.rank]


@click.command()
@click.argument("evidence", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the report, the assessment and the event store.",
)
@click.option("--name", help="Name of the server, as it shall stand in the report.")
@click.option("--one-server", is_flag=True, help="All evidence is of one server, whatever names stand in it.")
@click.option("--organisation", help="Whose server it is.")
@click.option("--sector", help="School, hospital, police ...")
@click.option(
    "--format",
    "formats",
    default="json,html",
    show_default=True,
    help=f"Comma-separated: {', '.join(EXPORTERS)}.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=None, help="Processes that read; default: one per core."
)
@click.option(
    "--fail-on",
    type=click.Choice(_LEVELS),
    default=Level.SUSPICIOUS.value,
    show_default=True,
    help="Exit with 1 from this verdict on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the assessment on standard output.")
@click.option(
    "--rules",
    multiple=True,
    type=click.Path(exists=True),
    help="Your own Sigma rules: folder, file or zip. May be named several times.",
)
@click.option(
    "--ioc",
    "indicators",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Your own indicators, one a line: addresses, agents, file names, hashes.",
)
@click.option(
    "--yara",
    multiple=True,
    type=click.Path(exists=True),
    help="Your own YARA rules: folder, file or zip. May be named several times.",
)
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Files that you know to be shipped: what `exsweep knowledge baseline` learned.",
)
@unlocking
@click.option(
    "--assume-tz",
    "zone",
    default="",
    metavar="ZONE",
    help="Zone of records that write local time and do not say which: Europe/Berlin, +02:00. Else taken for UTC.",
)
@click.option(
    "--keep-secrets",
    is_flag=True,
    help="Quote passwords, cookies, tokens and keys as they are; else a mark stands for each.",
)
@click.option(
    "--secrets-key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with a key for these marks, made where there is none: they then compare over servers.",
)
@click.option(
    "--quick", is_flag=True, help="Only look for known signs: keeps no event store, compares few clocks."
)
@click.option(
    "--rejudge",
    "again",
    is_flag=True,
    help="EVIDENCE is the --out folder of an earlier run: judge its saved events with today's knowledge.",
)
@LANGUAGE
@click.option("--now", "moment", default=None, hidden=True, help="Take this RFC 3339 moment as the present.")
def triage(
    evidence: tuple[str, ...],
    out: Path | None,
    name: str | None,
    one_server: bool,
    organisation: str | None,
    sector: str | None,
    formats: str,
    jobs: int | None,
    fail_on: str,
    as_json: bool,
    rules: tuple[str, ...],
    indicators: tuple[str, ...],
    yara: tuple[str, ...],
    baselines: tuple[str, ...],
    password_file: Path | None,
    ask_password: bool,
    keys: tuple[Path, ...],
    zone: str,
    keep_secrets: bool,
    secrets_key: Path | None,
    quick: bool,
    again: bool,
    language: str,
    moment: str | None,
) -> int:
    """Judge a server from its EVIDENCE: a folder, a file, an archive, a disk image; `-` reads pasted lines.

    Evidence of several servers gives an assessment of each, in a folder below --out that is named after it.

    Exit codes: 0 nothing at or above --fail-on, 1 something found, 2 wrong usage, 3 gaps limit the verdict, 4 could not run.
    """
    from exsweep.assess.settings import Settings  # not for --help: what judges takes a second to load
    from exsweep.cli.judging import judge_and_tell

    chosen = _formats(formats)
    stdin = _pasted() if "-" in evidence else None
    settings = Settings(
        evidence=tuple(Path(item) for item in evidence if item != "-"),
        stdin=stdin,
        now=_moment(moment),
        out=out,
        quick=quick,
        jobs=jobs or os.cpu_count() or 1,
        rules=rules,
        indicators=indicators,
        yara=yara,
        baselines=baselines,
        passwords=secrets(password_file, ask_password, keys),
        zone=_zone(zone),
        keep_secrets=keep_secrets,
        secrets_key=key_in(secrets_key) if secrets_key else None,
        several=not one_server,
        server=Server(name=name, organisation=organisation, sector=sector),
        command=_command(),
    )
    return judge_and_tell(
        settings, again=again, formats=chosen, language=language, as_json=as_json, fail_on=Level(fail_on)
    )


def _zone(name: str) -> str:
    if not name:
        return ""
    from exsweep.parse.zone import zone_of

    try:
        zone_of(name)
    except ValueError as error:
        raise UsageError(
            f"--assume-tz: {error}.", tip="Write Europe/Berlin, America/New_York or +02:00."
        ) from error
    return name


def _formats(text: str) -> list[str]:
    chosen = [item.strip() for item in text.split(",") if item.strip()]
    if not chosen:
        raise UsageError("--format names no format.", tip=f"Choose from: {', '.join(EXPORTERS)}.")
    for item in chosen:
        if item not in EXPORTERS:
            raise UsageError(f"There is no format {item!r}.", tip=f"Choose from: {', '.join(EXPORTERS)}.")
    return list(dict.fromkeys(["json", *chosen]))


def _pasted() -> bytes:
    if sys.stdin.isatty():
        click.echo("Paste the lines, then press Ctrl-D (on Windows Ctrl-Z and Enter):", err=True)
    data = sys.stdin.buffer.read(_PASTE_CAP + 1)
    if not data.strip():
        raise EvidenceError("Nothing was pasted.", tip="Pipe lines in, or name a file or folder.")
    return data


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--now {text!r} is no RFC 3339 moment.", tip="Write it like 2021-03-09T12:00:00Z."
        ) from error
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _command() -> str:
    return " ".join(["exsweep", *sys.argv[1:]])[:2_000]
