"""`exsweep triage`: judge one server from its evidence."""

import hashlib
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from exsweep.assess import Judged, Settings, rejudge_each, triage_each
from exsweep.assess.custody import CustodyLog
from exsweep.assess.journal import write_whole
from exsweep.cli.in_language import LANGUAGE, report_in
from exsweep.cli.screen import Screen
from exsweep.cli.secrets_key import key_in
from exsweep.cli.summary import summary
from exsweep.cli.terminal import term
from exsweep.errors import EvidenceError, ExitCode, UsageError
from exsweep.export import EXPORTERS, servers_page
from exsweep.knowledge.languages import ENGLISH
from exsweep.model import Assessment, Level, Server, encode
from exsweep.parse.zone import zone_of

INDEX = "index.html"
"""Below --out where there are several servers."""
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
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Passwords for locked archives, one a line. They are written nowhere.",
)
@click.option("--ask-password", is_flag=True, help="Ask for the password of locked archives.")
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
@click.option("--quick", is_flag=True, help="Only look for known signs: keeps no event store.")
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
        passwords=_passwords(password_file, ask_password),
        zone=_zone(zone),
        keep_secrets=keep_secrets,
        secrets_key=key_in(secrets_key) if secrets_key else None,
        several=not one_server,
        server=Server(name=name, organisation=organisation, sector=sector),
        command=_command(),
    )
    with Screen() as screen:
        judged = rejudge_each(settings, screen) if again else triage_each(settings, screen)
    for one in judged:
        if one.folder is not None:
            _write(one.assessment, one.folder, chosen, language)
    if out is not None and len(judged) > 1:
        write_whole(out / INDEX, overview(judged))
    if as_json:
        sys.stdout.buffer.write(_json(judged))
    else:
        click.echo(_told(judged, out, language))
    return worst([exit_code(one.assessment, Level(fail_on)) for one in judged])


def _zone(name: str) -> str:
    if not name:
        return ""
    try:
        zone_of(name)
    except ValueError as error:
        raise UsageError(
            f"--assume-tz: {error}.", tip="Write Europe/Berlin, America/New_York or +02:00."
        ) from error
    return name


def _json(judged: Sequence[Judged]) -> bytes:
    """The assessment; of several servers a list of them."""
    texts = [encode(one.assessment) for one in judged]
    return texts[0] if len(texts) == 1 else b"[\n" + b",\n".join(text.rstrip() for text in texts) + b"\n]\n"


def _told(judged: Sequence[Judged], out: Path | None, language: str) -> str:
    if len(judged) == 1:
        return summary(judged[0].assessment, judged[0].folder, language)
    ranked = sorted(judged, key=lambda one: -one.assessment.verdict.level.rank)
    lines = [f"The evidence is of {len(judged)} servers. Each is judged by itself.", ""]
    for one in ranked:
        lines += [
            f"== {term(one.assessment.server.name or 'no name')} ==",
            "",
            summary(one.assessment, one.folder, language),
            "",
        ]
    if out is not None:
        lines.append(f"All servers: {out / INDEX}")
    return "\n".join(lines)


def worst(codes: Sequence[ExitCode]) -> ExitCode:
    """A found compromise wins over gaps; gaps win over silence."""
    return next(code for code in (ExitCode.FOUND, ExitCode.CANNOT_TELL, ExitCode.OK) if code in codes)


def exit_code(assessment: Assessment, fail_on: Level) -> ExitCode:
    """A found compromise wins over gaps; gaps win over silence."""
    level = assessment.verdict.level
    if level is not Level.CANNOT_TELL and level.rank >= fail_on.rank:
        return ExitCode.FOUND
    if level is Level.CANNOT_TELL:
        return ExitCode.CANNOT_TELL
    limited = any(gap.limits_verdict for gap in assessment.coverage.gaps)
    return ExitCode.CANNOT_TELL if limited and level is not Level.NO_SIGNS else ExitCode.OK


def overview(judged: Sequence[Judged]) -> bytes:
    """A page that leads to the report of each server."""
    return servers_page([(one.folder.name if one.folder else "", one.assessment) for one in judged])


def _passwords(file: Path | None, ask: bool) -> tuple[bytes, ...]:
    """Lines of the file, and what is typed; never an argument, for those stand in the report."""
    found = [line for line in file.read_bytes().splitlines() if line] if file else []
    if ask:
        found.append(click.prompt("Password of the archive", hide_input=True, err=True).encode())
    return tuple(found)


def _formats(text: str) -> list[str]:
    chosen = [item.strip() for item in text.split(",") if item.strip()]
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


def _write(assessment: Assessment, out: Path, chosen: list[str], language: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    log = CustodyLog(out)
    files = [(EXPORTERS[name].file_name, EXPORTERS[name].export(assessment)) for name in chosen]
    if language != ENGLISH:
        files.append((f"report.{language}.html", report_in(assessment, language)))
    for name, data in files:
        write_whole(out / name, data)
        log.add("exported", path=name, sha256=hashlib.sha256(data).hexdigest())
