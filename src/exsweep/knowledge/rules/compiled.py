"""What one rule file says, once parsed: independent of formats, paths and settings, so that it can be kept."""

import contextlib
import hashlib
import os
import re
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

import exsweep
from exsweep.knowledge.rules import files, tree
from exsweep.knowledge.rules.correlation import Correlation
from exsweep.knowledge.rules.need import Need, need
from exsweep.model import Severity, Stage, Strength

MAX_KEPT = 20_000
"""Kept rule files of earlier runs beyond which only those of this run stay."""


class LogSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the events of a rule come from, in Sigma's words, lower case."""

    category: str | None = None
    product: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        return " / ".join(part for part in (self.product, self.category, self.service) if part) or "nothing"


class Examples(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Events (field -> value) that the rule must and must not match; the linter runs them."""

    match: tuple[dict[str, str], ...] = ()
    no_match: tuple[dict[str, str], ...] = ()


class Extension(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The `exsweep:` block of a rule."""

    id: str | None = None
    stage: Stage = Stage.EXPLOITATION
    strength: Strength = Strength.AMBIGUOUS
    campaign: str | None = None
    follows: str | None = None
    """Only among the lines of senders that rules of this campaign found."""
    stopped: bool = False
    """The record itself says that the attempt was stopped."""
    harmless_by: str = ""
    """Of a first look: why it did nothing, a key of the words `reason`; else that only the first step was made."""
    proof_needs: tuple[str, ...] = ()
    """A success is proven only where the build of that day was, or may have been, open to one of these flaws."""
    explanation: str = ""
    tip: str | None = None
    examples: Examples = Examples()
    source: tuple[str, ...] = ()


class Compiled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One document. Exactly one of `condition`, `correlation`, `problem` and `unusable` is set."""

    line: int
    title: str = ""
    sigma_id: str | None = None
    name: str | None = None
    description: str = ""
    logsource: LogSource = LogSource()
    level: Severity = Severity.MEDIUM
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    extension: Extension = Extension()
    condition: tree.Node | None = None
    needs: Need | None = None
    """What a row must hold for the condition to be true: told with the condition, for patterns take long to take apart."""
    correlation: Correlation | None = None
    narrows: tuple[str, ...] = ()
    """Of a Sigma filter: the rules it narrows, `any` for all of its log source."""
    problem: str = ""
    unusable: str = ""


def compile_text(text: str) -> tuple[Compiled, ...]:
    """Every document of a rule file. What is wrong with one is its `problem`; nothing is raised."""
    found: list[Compiled] = []
    shared: dict[str, Any] = {}
    previous: dict[str, Any] = {}
    try:
        for line, document in files.documents(text):
            if not isinstance(document, dict):
                found.append(Compiled(line=line, problem="is not a Sigma rule (no keys)"))
                continue
            action = document.pop("action", None)
            if action == "global":
                shared = document
            elif action == "reset":
                shared = {}
            elif action in (None, "repeat"):
                if not {"correlation", "filter"} & document.keys():
                    document = _merged(previous if action else shared, document)
                    previous = document
                found.append(_compile(line, document))
            else:
                found.append(Compiled(line=line, problem=f"action {action!r} is not known"))
    except (ValueError, RecursionError) as error:
        found.append(Compiled(line=_line_of(error), problem=f"is not readable YAML: {error}"))
    return tuple(found)


def _line_of(error: Exception) -> int:
    said = re.match(r"line (\d+)", str(error))
    return int(said[1]) if said else 1


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _compile(line: int, document: dict[str, Any]) -> Compiled:
    # pySigma takes a tenth of a second to import: not paid when every rule was kept from an earlier run.
    from sigma.exceptions import SigmaError

    from exsweep.knowledge.rules import sigma

    base = Compiled(line=line, title=str(document.get("title", "")))
    try:
        base = _described(line, document)
        plain = {key: value for key, value in document.items() if key != "exsweep"}
        if "correlation" in document:
            return msgspec.structs.replace(base, correlation=sigma.correlation(plain))
        if "filter" in document:
            names, condition = sigma.filter_of(plain)
            return msgspec.structs.replace(base, narrows=names, condition=condition)
        if "detection" not in document:
            return msgspec.structs.replace(
                base, problem="is not a Sigma rule (no detection, correlation or filter)"
            )
        condition = sigma.condition(plain)
        return msgspec.structs.replace(base, condition=condition, needs=need(condition))
    except sigma.UnusableError as error:
        return msgspec.structs.replace(base, unusable=str(error))
    except (SigmaError, msgspec.ValidationError, ValueError) as error:
        return msgspec.structs.replace(base, problem=str(error))
    except (TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
        # A document whose parts have unexpected types (a list where Sigma has a text) breaks pySigma itself.
        return msgspec.structs.replace(
            base, problem=f"has a part of the wrong kind ({type(error).__name__}: {error})"
        )


def _described(line: int, document: dict[str, Any]) -> Compiled:
    source = document.get("logsource") or {}
    if not isinstance(source, dict):
        raise ValueError("logsource must have the keys category, product or service")
    return Compiled(
        line=line,
        title=str(document.get("title", "")),
        sigma_id=str(document["id"]).lower() if document.get("id") else None,
        name=str(document["name"]) if document.get("name") else None,
        description=str(document.get("description") or ""),
        logsource=LogSource(
            **{
                part: str(source[part]).lower()
                for part in ("category", "product", "service")
                if source.get(part) is not None
            }
        ),
        level=msgspec.convert(str(document.get("level") or "medium").lower(), Severity),
        tags=_texts(document.get("tags")),
        references=_texts(document.get("references")),
        false_positives=_texts(document.get("falsepositives")),
        extension=msgspec.convert(document.get("exsweep") or {}, Extension, strict=False),
    )


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(one) for one in value) if isinstance(value, list) else (str(value),)


class Kept:
    """Compiled rules of earlier runs in one file of the folder given; a damaged file counts as empty.

    The file is `SHA-256 of the rest | MessagePack of {SHA-256 of a rule file's text: its documents}`.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / f"rules-{_made_by()}.bin" if folder else None
        self._known = self._read()
        self._used: dict[str, msgspec.Raw] = {}
        self.compiled = 0
        """Files compiled anew."""

    def get(self, text: str) -> tuple[Compiled, ...]:
        """Documents of a rule file, from the folder or compiled now."""
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        kept = self._known.get(key)
        if kept is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                documents = _documents.decode(kept)
                self._used[key] = kept
                return documents
        documents = compile_text(text)
        self.compiled += 1
        if not any(one.problem for one in documents):  # a newer pySigma may be able to read it
            self._used[key] = msgspec.Raw(msgspec.msgpack.encode(documents))
        return documents

    def save(self) -> None:
        """Write what this run used, whole or not at all; a folder that cannot be written only costs time later."""
        if self._path is None or not self.compiled:
            return
        keep = self._used if len(self._known) > MAX_KEPT else self._known | self._used
        packed = msgspec.msgpack.encode(keep)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".rules-")
            with os.fdopen(handle, "wb") as stream:
                stream.write(hashlib.sha256(packed).digest() + packed)
            Path(name).replace(self._path)
        except OSError:
            self._path = None

    def _read(self) -> dict[str, msgspec.Raw]:
        """Only the rules that a run uses are decoded: thousands of the user's may lie beside ours."""
        if self._path is None:
            return {}
        try:
            data = self._path.read_bytes()
            if hashlib.sha256(data[32:]).digest() != data[:32]:
                return {}
            return msgspec.msgpack.decode(data[32:], type=dict[str, msgspec.Raw])
        except (OSError, msgspec.MsgspecError):
            return {}


_documents = msgspec.msgpack.Decoder(tuple[Compiled, ...])


def _made_by() -> str:
    """Changes with everything that makes or shapes what is kept: this folder, pySigma, and Python's parser of patterns."""
    total = hashlib.sha256(f"{exsweep.__version__} {version('pysigma')} {sys.version_info[:2]}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]
