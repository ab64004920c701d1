"""Folders and file names that intruders used for web shells."""

from functools import cache

import msgspec

from exsweep.knowledge.data_files import rows


class WebshellPath(msgspec.Struct, frozen=True, kw_only=True):
    """A folder (`file_name` empty) or a published name of a web shell."""

    kind: str
    """`directory` or `file`."""
    path: str
    """With `%ExchangeInstallPath%`, `%SystemDrive%`, `%SystemRoot%`, `%ProgramData%`."""
    file_name: str
    url_path: str
    extensions: tuple[str, ...]
    campaign: str
    severity: str
    legitimate_content: str
    """What belongs there; a legitimate name with another content is a web shell all the same."""
    reason: str
    first_seen: str
    source: str


@cache
def webshell_paths() -> tuple[WebshellPath, ...]:
    """All rows in the order of the table."""
    return tuple(
        msgspec.convert({**row, "extensions": tuple(row["extensions"].split())}, WebshellPath)
        for row in rows("webshell_paths.csv")
    )


@cache
def published_urls() -> dict[str, WebshellPath]:
    """Lower-case URL path -> published web shell; names that Exchange ships itself are left out."""
    return {
        each.url_path.lower(): each
        for each in webshell_paths()
        if each.kind == "file" and each.url_path and not each.legitimate_content
    }
