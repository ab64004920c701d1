"""`exsweep verify`: does a case still fit together, and is the evidence still what was read?"""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from exsweep.assess.bundle import unpacked
from exsweep.assess.custody import CustodyLog
from exsweep.assess.settings import Settings
from exsweep.assess.verify import ASSESSMENT, Verified
from exsweep.assess.verify import verify as run_verify
from exsweep.cli.terminal import term
from exsweep.cli.unlocking import secrets, unlocking
from exsweep.errors import ExitCode, UsageError


@click.command()
@click.argument("case", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--evidence",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Compare with the evidence too; name it as it was named for triage.",
)
@unlocking
@click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Processes that read the evidence.")
@click.option("--record", is_flag=True, help="Add a line about this check to the custody log.")
def verify(
    case: Path,
    evidence: tuple[Path, ...],
    password_file: Path | None,
    ask_password: bool,
    keys: tuple[Path, ...],
    jobs: int | None,
    record: bool,
) -> int:
    """Compute everything in CASE again and say what does not fit.

    CASE is the --out folder of a triage, or a bundle of it. Nothing in it is changed, except by --record.

    Exit codes: 0 everything fits, 1 something does not, 2 wrong usage, 4 could not run.
    """
    settings = Settings(
        evidence=evidence,
        now=datetime.now(UTC),
        jobs=jobs or os.cpu_count() or 1,
        passwords=secrets(password_file, ask_password, keys),
    )
    if case.is_dir():
        result = run_verify(case, settings)
    elif record:
        raise UsageError("A bundle is never written to.", tip="Leave out --record.")
    else:
        with unpacked(case) as (folder, problems):
            found = run_verify(folder, settings, bundled=True)
            result = Verified(
                checked=found.checked,
                problems=(*problems, *found.problems),
                unknown=found.unknown,
                last_hash=found.last_hash,
            )
    click.echo(_said(result))
    if record:
        words = "everything fits" if not result.problems else f"{len(result.problems)} problems"
        data = (case / ASSESSMENT).read_bytes() if (case / ASSESSMENT).is_file() else b""
        CustodyLog(case).add(
            "verified", path=ASSESSMENT, sha256=hashlib.sha256(data).hexdigest(), detail=words
        )
    return ExitCode.FOUND if result.problems else ExitCode.OK


def _said(result: Verified) -> str:
    lines = ["Everything fits." if not result.problems else "This case does not fit together:"]
    lines += [f"  - {term(problem)}" for problem in result.problems]
    lines += ["", "Checked:", *(f"  - {term(words)}" for words in result.checked)]
    if result.unknown:
        lines += ["", "Not checked, or worth knowing:", *(f"  - {term(words)}" for words in result.unknown)]
    lines += [
        "",
        f"Last hash of the custody log: {result.last_hash}",
        "  Whoever noted it when the case was closed can compare: the log alone cannot show that all of it was rewritten.",
    ]
    return "\n".join(lines)
