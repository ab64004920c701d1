"""The collector as a Velociraptor artifact: the plan's paths as globs, its folder of Exchange from the registry."""

from collections.abc import Iterator

from exsweep.knowledge.collection import ARTIFACT, Files, Plan
from exsweep.knowledge.data_files import read_text

TEMPLATE = "collection/artifact.yaml.txt"


def velociraptor(plan: Plan, *, days: int, program: str) -> str:
    """The artifact (YAML). The registry says where Exchange is; everything else is looked for where it usually stands."""
    exchange = plan.root("exchange")
    text = read_text(TEMPLATE)
    for name, lines in (
        ("NAME", ARTIFACT),
        ("VERSION", program),
        ("DAYS", str(days)),
        (
            "KEYS",
            "\n".join(f"      HKEY_LOCAL_MACHINE\\{key}\\{exchange.value}" for key in exchange.registry),
        ),
        ("PLAN", "\n".join(f"      {row}" for row in _rows(plan))),
    ):
        text = text.replace(f"@@{name}@@", lines)
    return text


def _rows(plan: Plan) -> Iterator[str]:
    """CSV: id, root (or `exchange`, which the registry says), glob below it, dated, biggest size in bytes."""
    yield "Id,Root,Glob,Dated,MaxBytes"
    for each in plan.files:
        for root in _places(plan, each):
            yield f'{each.id},"{root}","{_glob(each)}",{"Y" if each.dated else "N"},{(each.max_mb or 0) << 20}'
    (windows,) = plan.root("windows").usual
    for channel in plan.channels:
        yield f'events,"{windows}","System32/winevt/Logs/{channel.replace("/", "%4")}.evtx",N,0'


def _places(plan: Plan, each: Files) -> tuple[str, ...]:
    return ("exchange",) if each.root == "exchange" else plan.root(each.root).usual


def _glob(each: Files) -> str:
    names = ",".join(each.patterns)
    below = "/".join(part for part in (each.folder.replace("\\", "/"), "**") if part)
    return f"{below}/{{{names}}}" if len(each.patterns) > 1 else f"{below}/{names}"
