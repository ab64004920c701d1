"""What in evidence is a secret, from `data/secrets.yml`: passwords, tokens, cookies, logon headers, keys of the web server."""

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document
from exsweep.knowledge.problem import Problem


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    secret: str


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    finds: tuple[Example, ...]
    leaves: tuple[str, ...]


class Pattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way in which a secret stands in a line."""

    id: str
    kind: str
    """Key of `kinds`."""
    needs: tuple[str, ...]
    """Lower-case words; text without any of them cannot match."""
    pattern: str
    """Python regular expression; its group `secret` is the secret."""
    pages: bool = False
    """Also for lines of pages and scripts."""
    examples: Examples


class Secrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in the file."""

    version: int
    source: tuple[str, ...]
    not_secret: str
    columns: dict[str, str]
    """Column, lower case -> kind."""
    cookie_columns: tuple[str, ...]
    open_cookies: tuple[str, ...]
    targets: tuple[str, ...]
    session_keys: dict[str, str]
    kinds: dict[str, str]
    random: tuple[str, ...]
    patterns: tuple[Pattern, ...]


@cache
def secrets() -> Secrets:
    """The shipped values."""
    return document("secrets.yml", Secrets)


@cache
def _compiled(pages: bool) -> tuple[tuple[Pattern, re.Pattern[str]], ...]:
    return tuple((one, re.compile(one.pattern)) for one in secrets().patterns if one.pages or not pages)


def found_in(text: str, *, pages: bool = False, ends: str = "") -> list[tuple[int, int, str]]:
    """Start, end and kind of each secret in a text, in order and without overlap.

    `pages`: it is a line of a page. `ends`: a character that ends a value, as the comma does in a log of columns.

    >>> found_in("a=1&password=x1")
    [(13, 15, 'password')]
    """
    lower = text.lower()
    spans = [
        (*match.span("secret"), one.kind)
        for one, expression in _compiled(pages)
        if any(word in lower for word in one.needs)
        for match in expression.finditer(text)
        if not no_secret(match["secret"])
    ]
    kept: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans, key=lambda each: (each[0], -each[1])):
        if not kept or start >= kept[-1][1]:
            stop = text.find(ends, start, end) if ends else -1
            kept.append((start, end if stop <= start else stop, kind))
    return kept


def no_secret(value: str) -> bool:
    """A placeholder, or what is masked already.

    >>> no_secret("*****"), no_secret("Summer2021!")
    (True, False)
    """
    return re.fullmatch(secrets().not_secret, value) is not None


def problems_of_secrets() -> Iterator[Problem]:
    """What is wrong with the file: kinds without words, examples that do not hold."""
    known = secrets()
    for kind in {
        *known.random,
        *known.columns.values(),
        *known.session_keys.values(),
        *(one.kind for one in known.patterns),
    } - set(known.kinds):
        yield Problem("secrets.yml", f"there are no words for the kind {kind}", "Add it to `kinds`.")
    for one in known.patterns:
        expression = re.compile(one.pattern)
        if not one.examples.finds or not one.examples.leaves:
            yield Problem("secrets.yml", f"{one.id} needs true and false examples", "Add them.")
        for example in one.examples.finds:
            found = [match["secret"] for match in expression.finditer(example.text)]
            if found != [example.secret] or not any(word in example.text.lower() for word in one.needs):
                yield Problem(
                    "secrets.yml", f"{one.id} finds {found} in {example.text!r}", "Mend the pattern."
                )
        for text in one.examples.leaves:
            found = [match["secret"] for match in expression.finditer(text) if not no_secret(match["secret"])]
            if found:
                yield Problem("secrets.yml", f"{one.id} finds {found} in {text!r}", "Mend the pattern.")
