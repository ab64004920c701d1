"""Write the tables of docs/reference from the registries: python tools/make_docs.py [FOLDER]."""

import argparse
import inspect
from collections import defaultdict
from importlib.resources import files
from pathlib import Path

import msgspec

from exsweep.errors import ExitCode
from exsweep.export import EXPORTERS
from exsweep.knowledge.access import access
from exsweep.knowledge.event_exports import event_exports
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.log_exports import log_exports
from exsweep.knowledge.rules import load_rules
from exsweep.model import Assessment, Level, Stage, Strength
from exsweep.web.routes import API, routes

DOCS = Path(__file__).resolve().parent.parent / "docs" / "reference"
MADE = "<!-- made by tools/make_docs.py: do not edit -->\n"


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    return {
        "log-formats.md": log_formats(),
        "detections.md": detections(),
        "exit-codes.md": exit_codes(),
        "assessment.md": assessment(),
        "exports.md": exports(),
        "api.md": api(),
    }


def cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def log_formats() -> str:
    rows: list[tuple[object, ...]] = [
        (
            f"`{item.id}`",
            item.title,
            f"{item.retention_days} days" if item.retention_days else "not removed, or not known",
            ", ".join(sorted(item.ecs)),
        )
        for item in load_formats()
    ]
    return (
        f"{MADE}# Log formats\n\nLogs are recognised by what is in them, then by their path. Columns keep their own names; those listed have an ECS"
        " name in the event store.\n\n"
        + table(("id", "log", "the server keeps it", "ECS columns"), rows)
        + "\n## The same records where another system held them\n\nJSON (lines, arrays, or a list inside one object), CSV, tables drawn with `|`, and lines "
        "of `name=value` (CEF, LEEF, logfmt). They hold what somebody asked for or what passed there, so they cover no day of the "
        "server: with them alone nobody can say that nothing happened. So do the lines of Apache, nginx, HAProxy and AWS's load balancer.\n\n"
        + table(
            ("id", "whose fields", "rows of"),
            [(f"`{one.id}`", one.title, f"`{one.format}`") for one in log_exports().exports],
        )
        + "\n## Windows events, and the same acts told by programs that watch (EDR)\n\nBeside `.evtx` files these are read; an event may also "
        "stand as text in a field of another system's record (Splunk's `_raw`, a payload). What an EDR tells of a program, a file or a "
        "connection is read as the event of Sysmon that tells the same, so that one set of rules reads all.\n\n"
        + table(("id", "what"), [(f"`{one.id}`", one.title) for one in event_exports().exports])
    )


def detections() -> str:
    formats = load_formats()
    rules = load_rules(Path(str(files("exsweep.knowledge") / "data" / "rules")), formats=formats).rules
    groups = defaultdict(list)
    for rule in rules:
        groups[", ".join(rule.formats) or rule.reason or "several logs"].append(rule)
    text = f"{MADE}# Detections\n\n{len(rules)} rules of exsweep. Each is one file in `src/exsweep/knowledge/data/rules/` with sources and tested examples.\n"
    for name in sorted(groups):
        rows: list[tuple[object, ...]] = [
            (
                f"`{rule.id}`",
                rule.title,
                rule.campaign or "",
                rule.stage.value,
                rule.strength.value,
                rule.level.value,
                " ".join(rule.attack),
            )
            for rule in sorted(groups[name], key=lambda rule: rule.id)
        ]
        text += f"\n## {name}\n\n" + table(
            ("id", "what", "campaign", "stage", "proves", "level", "ATT&CK"), rows
        )
    return text


def comments(kind: type) -> dict[str, str]:
    """Docstrings below the members of a class, by member."""
    lines = inspect.getsource(kind).splitlines()
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        text = line.strip()
        if text.startswith('"""') and name:
            found[name] = text.strip('"').strip()
            name = ""
        elif " = " in text or (
            ": " in text and not text.startswith(('"', "#", "def", "class", "return", "if"))
        ):
            name = text.split(" = ")[0].split(":")[0].strip()
    return found


def exit_codes() -> str:
    said = comments(ExitCode)
    rows: list[tuple[object, ...]] = [
        (int(code), code.name.lower(), said.get(code.name, "")) for code in ExitCode
    ]
    return f"{MADE}# Exit codes\n\nA found compromise wins over gaps.\n\n" + table(
        ("code", "name", "meaning"), rows
    )


def exports() -> str:
    rows: list[tuple[object, ...]] = [
        (f"`{name}`", f"`{EXPORTERS[name].file_name}`", EXPORTERS[name].media_type) for name in EXPORTERS
    ]
    return (
        f"{MADE}# Export formats\n\n`exsweep triage --format` and `exsweep report --format` take these.\n\n"
        + table(("name", "file", "media type"), rows)
    )


def api() -> str:
    shown = [each for each in routes() if each.api]
    rows: list[tuple[object, ...]] = [
        (
            f"`{each.method} {API}{each.path.rstrip('/')}`",
            (each.view.__doc__ or "").strip().partition("\n")[0],
            f"`{each.may}`" if each.may in access().actions else each.may,
            ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(each.params)) or "-",
        )
        for each in sorted(shown, key=lambda each: (each.path, each.method))
    ]
    rights: list[tuple[object, ...]] = [
        (
            f"`{action}`",
            meaning,
            ", ".join(name for name, role in access().roles.items() if action in role.may) or "-",
        )
        for action, meaning in access().actions.items()
    ]
    roles: list[tuple[object, ...]] = [
        (
            f"`{name}`",
            role.title,
            {"own": "tenants it was given for", "all": "all tenants", "none": "no tenant"}[role.reach],
        )
        for name, role in access().roles.items()
    ]
    return (
        f"{MADE}# API and rights of `exsweep serve`\n\nThe exact form of every call is in `{API}/openapi.json` (OpenAPI 3.1). The same"
        " addresses without the prefix are the pages. A program sends `Authorization: Bearer KEY`; on one's own computer the token"
        " that is printed at start is such a key. Errors are RFC 9457 problems: `title` says what, `detail` what to do next."
        " A POST with an `Idempotency-Key` is done once. Strings quoted from evidence are hostile text.\n\n## Calls\n\n"
        + table(("call", "what it does", "right", "parameters"), rows)
        + "\n## Rights\n\n"
        + table(("right", "to", "roles that have it"), rights)
        + "\n## Roles\n\n"
        + table(("role", "who", "for"), roles)
        + "\nA thing that is not there and a thing of another tenant give the same answer: 404.\n"
    )


def assessment() -> str:
    text = f"{MADE}# The assessment\n\n`assessment.json`, schema `exsweep.assessment/1`. Times are RFC 3339 UTC. Only `run` may differ between two runs.\n"
    for kind in (Level, Stage, Strength):
        said = comments(kind)
        rows: list[tuple[object, ...]] = [(f"`{member.value}`", said.get(member.name, "")) for member in kind]
        text += f"\n## {kind.__name__.lower()}\n\n{(kind.__doc__ or '').splitlines()[0]}\n\n" + table(
            ("value", "meaning"), rows
        )
    schema = msgspec.json.schema(Assessment)
    for name, part in sorted(schema["$defs"].items()):
        if "properties" not in part:
            continue
        rows = [(f"`{key}`", _kind(value)) for key, value in part["properties"].items()]
        text += (
            f"\n## {name}\n\n{part.get('description', '').splitlines()[0] if part.get('description') else ''}\n\n"
            + table(("key", "value"), rows)
        )
    return text


def _kind(value: dict[str, object]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in value:
        return " or ".join(_kind(item) for item in value["anyOf"])  # type: ignore[attr-defined]
    if value.get("type") == "array":
        items = value.get("items")
        return f"list of {_kind(items)}" if isinstance(items, dict) else "list"
    form = value.get("format")
    return f"{value.get('type', 'any')} ({form})" if form else str(value.get("type", "any"))


def main() -> None:
    options = argparse.ArgumentParser(
        description="Write the pages of docs/reference that are made from the registries."
    )
    options.add_argument("folder", nargs="?", type=Path, default=DOCS, help="where to (docs/reference)")
    folder = options.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
