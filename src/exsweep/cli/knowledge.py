"""`exsweep knowledge`: look into what exsweep knows, and check it."""

from collections.abc import Callable, Mapping, Sequence

import click
import msgspec
import numpy as np
import pyarrow as pa

from exsweep.cli.baseline import baseline
from exsweep.cli.groups import Verbs
from exsweep.cli.terminal import term
from exsweep.detect import Engine
from exsweep.errors import ExitCode, UsageError
from exsweep.knowledge import (
    builds,
    campaigns,
    collectors,
    cves,
    pages,
    remediation,
    scanners,
    version,
    words,
)
from exsweep.knowledge.check import check as check_all
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.formats import LogFormat, TimeColumns, load_formats
from exsweep.knowledge.rules import Rule, RuleState, load_rules
from exsweep.knowledge.rules.indicators import known_indicators
from exsweep.parse import NO_TIME, Batch


@click.group(cls=Verbs)
def knowledge() -> None:
    """Rules, builds, flaws, remedies and words that exsweep works with."""


knowledge.add_command(baseline)


@knowledge.command()
def check() -> int:
    """Check every fact and run every example; one line for each problem."""
    problems = check_all(matches)
    for problem in problems:
        click.echo(term(str(problem)))
    what = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}" if problems else "no problem"
    click.echo(f"knowledge {version()}: {what}", err=bool(problems))
    return ExitCode.COULD_NOT_RUN if problems else ExitCode.OK


@knowledge.command("list")
@click.argument("kind", required=False)
def list_(kind: str | None) -> None:
    """List all entries of one KIND; without KIND, the kinds."""
    if kind is None:
        for name, entries in LISTS.items():
            click.echo(f"{name}\t{len(entries())}")
        return
    if kind not in LISTS:
        raise UsageError(f"There is no kind {kind!r}.", tip=f"One of: {', '.join(LISTS)}.")
    for name, title in LISTS[kind]():
        click.echo(term(f"{name}\t{title}"))


@knowledge.command()
@click.argument("id_")
def show(id_: str) -> None:
    """Show one entry: a rule, flaw, build, campaign, situation, log format or text, by its ID."""
    for find in SHOWN:
        entry = find(id_)
        if entry is not None:
            lines = msgspec.json.format(msgspec.json.encode(entry), indent=2).decode()
            for line in lines.split("\n"):
                click.echo(term(line))
            return
    raise UsageError(f"Nothing is known under {id_!r}.", tip="`exsweep knowledge list` shows what there is.")


def matches(examples: Sequence[tuple[Rule, Mapping[str, str]]]) -> list[bool]:
    """Does each rule match its event? Rules that wait for other logs run on a format made from their events."""
    known = {form.id: form for form in load_formats()}
    places: dict[str, list[int]] = {}
    for place, (rule, _) in enumerate(examples):
        places.setdefault(rule.formats[0] if rule.formats else "", []).append(place)
    found = [False] * len(examples)
    for name, mine in places.items():
        events = [examples[place][1] for place in mine]
        columns = sorted({column for event in events for column in event})
        form = known[name] if name else _made(columns)
        ready = {
            rule.id: msgspec.structs.replace(rule, formats=(form.id,), state=RuleState.RUNS)
            for rule, _ in (examples[place] for place in mine)
        }
        table = pa.table(
            {
                column: pa.array(
                    [event[column].encode() if column in event else None for event in events], pa.binary()
                )
                for column in columns
            }
        )
        nowhere = np.zeros(len(events), np.int64)
        batch = Batch(form, table, nowhere, nowhere, np.full(len(events), NO_TIME, np.int64))
        said = {(match.rule.id, match.row) for match in Engine(list(ready.values()), [form]).match([batch])}
        for row, place in enumerate(mine):
            found[place] = (examples[place][0].id, row) in said
    return found


def _made(columns: Sequence[str]) -> LogFormat:
    return LogFormat(
        id="example",
        title="Example",
        separator=",",
        quoting=True,
        columns=tuple(columns),
        time=TimeColumns(columns=("time",), style="iso"),
        source=("the rule itself",),
    )


def _rules() -> Sequence[Rule]:
    return load_rules(ROOT / "rules", formats=load_formats()).rules


Entries = Callable[[], Sequence[tuple[str, str]]]

LISTS: dict[str, Entries] = {
    "rules": lambda: [
        (rule.id, f"{rule.state}, {rule.stage}, {rule.strength}, {rule.level}: {rule.title}")
        for rule in _rules()
    ],
    "cves": lambda: [(cve.cve, cve.name or cve.kind) for cve in cves.cves()],
    "builds": lambda: [(build.build, build.name) for build in builds.builds()],
    "campaigns": lambda: [(each.id, each.title) for each in campaigns.campaigns()],
    "situations": lambda: [(name, each.title) for name, each in remediation.situations().items()],
    "formats": lambda: [(form.id, form.title) for form in load_formats()],
    "scanners": lambda: [(each.id, each.name) for each in scanners.scanners()],
    "collectors": lambda: [(each.id, each.name) for each in collectors.collectors()],
    "indicators": lambda: [(each.value, f"{each.kind}: {each.context}") for each in known_indicators()],
    "pages": lambda: [(page.url + page.file, page.site) for page in pages.pages()],
    "words": lambda: [
        (key, " / ".join(text) if isinstance(text, list) else text) for key, text in words.sentences().items()
    ],
}
"""What can be listed: kind -> (id, title) of each entry."""

SHOWN: tuple[Callable[[str], object], ...] = (
    lambda name: next((rule for rule in _rules() if rule.id.lower() == name.lower()), None),
    lambda name: next((cve for cve in cves.cves() if cve.cve.lower() == name.lower()), None),
    builds.find,
    lambda name: next((each for each in campaigns.campaigns() if each.id.lower() == name.lower()), None),
    lambda name: remediation.remedies(name.upper()) if name.upper() in remediation.situations() else None,
    lambda name: next((form for form in load_formats() if form.id == name), None),
    lambda name: next((each for each in scanners.scanners() if each.id == name), None),
    lambda name: next((each for each in collectors.collectors() if each.id == name), None),
    lambda name: words.sentences().get(name),
)
"""Where an id is looked for, in this order."""
