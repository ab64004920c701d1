"""How IIS and ASP.NET read a file: kinds of pages, names of languages and encodings, and what hides a page."""

from functools import cache
from typing import Literal

import msgspec

from exsweep.knowledge.data_files import document


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the server reads one kind of file."""

    engine: Literal["aspnet", "asp", "ssi"]
    body: Literal["markup", "code", "razor", "source"]
    """`code`: what follows the directive; `source`: the whole file."""
    language: Literal["csharp", "vb", "jscript", "vbscript"]
    """Of code that names none."""


class Kinds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/webshells/kinds.yml`; all names are lower case."""

    version: int
    read: str
    source: tuple[str, ...]
    kinds: dict[str, Kind]
    extensions: dict[str, str]
    directives: dict[str, str]
    languages: dict[str, str]
    encodings: dict[str, str]
    ebcdic: tuple[str, ...]
    telling_tags: tuple[str, ...]
    containers: dict[str, str]
    magics: dict[str, str]
    """First bytes in hex -> container."""
    property_lines: int
    property_names: tuple[str, ...]
    padding_characters: int
    hidden_behind_blanks: int
    tricks: dict[str, str]
    """Stable code -> what it means, as half a sentence."""

    def kind_of_extension(self, extension: str) -> str | None:
        """Kind of a lower-case extension without dot; None where the server would not read it as a page."""
        return self.extensions.get(extension)


@cache
def webshell_kinds() -> Kinds:
    """The shipped table.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    return document("webshells/kinds.yml", Kinds)


def wrong_references(kinds: Kinds) -> tuple[str, ...]:
    """Entries that name a kind, container or language that the table does not have; for the linter of knowledge."""
    used = {*kinds.extensions.values(), *kinds.directives.values()}
    bad_magic = [magic for magic, name in kinds.magics.items() if name not in kinds.containers]
    spoken = {"csharp", "vb", "jscript", "vbscript", "other"}
    return tuple(
        [f"no kind {name!r}" for name in sorted(used - kinds.kinds.keys())]
        + [f"no container for magic {magic!r}" for magic in bad_magic]
        + [f"no language {name!r}" for name in sorted(set(kinds.languages.values()) - spoken)]
    )
