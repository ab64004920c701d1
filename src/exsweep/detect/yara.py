"""Run compiled YARA rules over the bytes of one file; what matches is a value, and so is a timeout."""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from exsweep.knowledge.yara import YaraRules

if TYPE_CHECKING:
    import yara_x

TIMEOUT_S = 2
"""Seconds for one file and one set of rules; 730 public web-shell rules need 0.09 s for the worst of 14 hostile files."""
MOST_MATCHES = 1_000
"""Places of one string of a rule."""
_TEXT = 300
USER_PREFIX = "yara:"
"""Stands before the names of the user's rules among the families of a file."""


class YaraMatch(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that matched."""

    rule: str
    file: str
    """File of the rule."""
    own: bool
    """Shipped with exsweep."""
    tags: tuple[str, ...] = ()
    meta: dict[str, str] = {}
    """As the rule says; values cut at 300 characters."""
    offset: int | None = None
    """Of the first string that matched, in bytes; None for a rule without strings."""
    line: int | None = None
    """1-based, for `offset`."""

    @property
    def label(self) -> str:
        """Family of a shipped rule; `yara:<rule>` of a user's."""
        return self.meta.get("family", self.rule) if self.own else f"{USER_PREFIX}{self.rule}"


class YaraScan(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say of one file."""

    matches: tuple[YaraMatch, ...] = ()
    """Own first, then by file and name of the rule."""
    problems: tuple[str, ...] = ()
    """Rules that could not come to an end: a weak sign by itself, for such a file can be made on purpose."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Label of each match, once."""
        return tuple(dict.fromkeys(match.label for match in self.matches))


class Yara:
    """Loaded rules; one for each process. Not for several threads at once."""

    def __init__(self, rules: YaraRules) -> None:
        self.available = rules.available
        """False: nothing is ever matched, and `gap` says why."""
        self.gap = rules.gap
        self._sets = [
            (own, _scanner(content)) for own, content in ((True, rules.own), (False, rules.user)) if content
        ]

    def scan(self, data: bytes, path: str = "") -> YaraScan:
        """Matches of all rules in `data`; `path` becomes the variables of the rules (see `variables`)."""
        if not self._sets:
            return YaraScan()
        import yara_x

        matches: list[YaraMatch] = []
        problems: list[str] = []
        told = variables(path)
        for own, scanner in self._sets:
            for name, value in told.items():
                scanner.set_global(name, value)
            whose = "exsweep's" if own else "your"
            try:
                found = scanner.scan(data).matching_rules
            except yara_x.TimeoutError:
                problems.append(f"{whose} YARA rules did not come to an end in {TIMEOUT_S} seconds")
                continue
            except yara_x.ScanError as error:
                problems.append(f"{whose} YARA rules stopped: {str(error)[:_TEXT]}")
                continue
            lines = _lines(data, [_offset(rule) for rule in found])
            matches += sorted(
                (_match(rule, own, lines) for rule in found), key=lambda each: (each.file, each.rule)
            )
        return YaraScan(matches=tuple(matches), problems=tuple(problems))


def variables(path: str) -> dict[str, str]:
    r"""Variables of the rules for a path: `filename` in its own case, `filepath` without it, `extension` as `.aspx`.

    >>> variables(r"C:\inetpub\wwwroot\X.ASPX")["extension"]
    '.aspx'
    """
    text = path.replace("/", "\\")
    folder, _, name = text.rpartition("\\")
    stem, dot, extension = name.rpartition(".")
    return {
        "filename": _plain(name),
        "filepath": _plain(folder),
        "extension": _plain(f".{extension}".lower() if dot and stem else ""),
        "filetype": "",
        "owner": "",
    }


def _plain(text: str) -> str:
    """YARA takes text, never half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _scanner(content: bytes) -> "yara_x.Scanner":
    import yara_x

    scanner = yara_x.Scanner(yara_x.Rules.deserialize_from(io.BytesIO(content)))
    scanner.set_timeout(TIMEOUT_S)
    scanner.max_matches_per_pattern(MOST_MATCHES)
    return scanner


def _match(rule: Any, own: bool, lines: dict[int, int]) -> YaraMatch:
    offset = _offset(rule)
    return YaraMatch(
        rule=rule.identifier,
        file=rule.namespace,
        own=own,
        tags=tuple(rule.tags),
        meta={name: str(value)[:_TEXT] for name, value in rule.metadata},
        offset=offset,
        line=lines[offset] if offset is not None else None,
    )


def _offset(rule: Any) -> int | None:
    return min((hit.offset for pattern in rule.patterns for hit in pattern.matches[:1]), default=None)


def _lines(data: bytes, offsets: Iterable[int | None]) -> dict[int, int]:
    """Line of each offset; the bytes are walked through once."""
    lines: dict[int, int] = {}
    line = last = 0
    for offset in sorted({each for each in offsets if each is not None}):
        line += data.count(b"\n", last, offset)
        lines[offset], last = line + 1, offset
    return lines
