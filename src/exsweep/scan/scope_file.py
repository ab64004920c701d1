"""The scope file on disk, with its lists of those who want to be left alone, and the pace that it allows."""

from datetime import datetime
from pathlib import Path

import msgspec

from exsweep.errors import ScanRefused
from exsweep.knowledge.scanning import Rates, checks
from exsweep.scan.plan import Wishes
from exsweep.scan.scope import Level, Scope, opt_out_files, opt_out_lines, read_scope

_LARGEST_LIST = 512 << 20
_LARGEST_SCOPE = 4 << 20


def scope_in(file: Path, wishes: Wishes, *, now: datetime) -> Scope:
    """The scope file with its opt-out lists, in force at `now`.

    Raises:
        ScanRefused: it cannot be read, is not in force, or does not allow what is wished.
    """
    text = text_of(file, _LARGEST_SCOPE)
    lines: list[str] = []
    for name in opt_out_files(text):
        lines += opt_out_lines(text_of(file.parent / name))
    scope = read_scope(text, now=now, opt_outs=tuple(lines))
    wanted = {
        Level.MANIFEST: wishes.manifest,
        Level.WEBSHELLS: wishes.webshells,
        Level.CONTACTS: wishes.contacts,
        Level.SMTP: wishes.smtp,
    }
    for level, asked in wanted.items():
        if asked and level not in scope.levels:
            raise ScanRefused(
                f"The scope file does not allow {level.value}.",
                tip=f"Ask the owner; then add {level.value} under `allow`.",
            )
    return scope


def text_of(file: Path, most: int = _LARGEST_LIST) -> str:
    """Text of a file that decides who may be asked.

    Raises:
        ScanRefused: it cannot be read: then nobody may.
    """
    try:
        if file.stat().st_size > most:
            raise ScanRefused(f"{file} is too large.", tip="Split it.")
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ScanRefused(
            f"{file} cannot be read: {error}.", tip="Mend it; until then nothing is sent."
        ) from error


def rates_of(scope: Scope, most: float | None = None) -> Rates:
    """The scope's own pace where it names one; `most` requests a second can only slow that down."""
    pace = {name: value for name, value in msgspec.structs.asdict(scope.pace).items() if value is not None}
    rates = msgspec.structs.replace(checks().rates, **pace)
    if most is not None:
        least = most if scope.pace.per_second is None else min(most, scope.pace.per_second)
        rates = msgspec.structs.replace(rates, per_second=least)
    return rates
