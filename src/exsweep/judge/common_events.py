"""Events that two logs of one server must both have seen, by log and kind of event."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from exsweep.judge import facts
from exsweep.judge.records import row_of
from exsweep.judge.votes import Keyed
from exsweep.knowledge.clock_keys import NORMS, key_of, kind_code, unpack
from exsweep.knowledge.clocks import clocks
from exsweep.knowledge.rules import Rule
from exsweep.model import Hit, Observations, SourceReport, SourceState, Stage

SAVED = "saved"
ELSEWHERE = "elsewhere"
_MS = 1000


def unit_of(report: SourceReport) -> str:
    """Logs whose times one clock wrote: all files of one kind; events that were saved otherwise than as `.evtx` apart."""
    row = row_of(report)
    if row.startswith("windows_event") and not report.path.lower().endswith(".evtx"):
        return f"{row}|{SAVED}"
    # What a proxy wrote, or a search system gave, covers no day: it was written by another computer's clock.
    return f"{row}|{ELSEWHERE}" if report.kind in clocks().dated_files and not report.days else row


def rank_of(name: str) -> tuple[int, str]:
    """Place in the order of trust: 0 is the log whose clock is trusted most."""
    trusted = clocks().trusted
    family = name.split("/")[0]
    return (trusted.index(family) if family in trusted and not name.endswith(SAVED) else len(trusted), name)


def units_of(seen: Observations, rules: Mapping[str, Rule]) -> dict[str, dict[int, Keyed]]:
    """Unit -> kind of common event -> keys (sorted) and moments."""
    rows: dict[str, dict[int, list[Keyed]]] = defaultdict(lambda: defaultdict(list))
    units: dict[str, str] = {}
    for report in seen.sources:
        if report.state is SourceState.DUPLICATE or not (report.events or report.lines):
            continue
        name = units[report.path] = unit_of(report)
        rows[name]  # a log without common events is one all the same
        packed = unpack(report.anchors)
        for kind in np.unique(packed["kind"]).tolist():
            few = packed[packed["kind"] == kind]
            rows[name][kind].append((few["key"].astype(np.uint64), few["ms"].astype(np.int64)))
        if report.kind in clocks().dated_files and report.days and report.first is not None:
            key = key_of([NORMS["tail"](report.path)])
            rows[name][kind_code("log_file")].append(_one(key, report.first))
    for path, kind, key, moment in _of_hits(seen.hits, rules):
        if path in units:
            rows[units[path]][kind_code(kind)].append(_one(key, moment))
    return {name: {kind: _sorted(parts) for kind, parts in kinds.items()} for name, kinds in rows.items()}


def _one(key: int, moment: datetime) -> Keyed:
    return np.array([key], np.uint64), np.array([round(moment.timestamp() * _MS)], np.int64)


def _sorted(parts: Sequence[Keyed]) -> Keyed:
    keys, moments = np.concatenate([keys for keys, _ in parts]), np.concatenate([ms for _, ms in parts])
    order = np.lexsort((moments, keys))
    return keys[order], moments[order]


def _of_hits(hits: Sequence[Hit], rules: Mapping[str, Rule]) -> Iterator[tuple[str, str, int, datetime]]:
    """Common events that only rules recognise: a file that was written, a request to a back door and what it started."""
    server = re.compile(clocks().web_server)
    for hit in hits:
        rule = rules.get(hit.rule)
        if rule is None or hit.time is None:
            continue
        if rule.stage is Stage.DROP and not facts.told_by_disk(hit):
            for path in facts.dropped_paths(hit):
                yield hit.origin.path, "written", key_of([NORMS["path"](path)]), hit.time
        parent = hit.fields.get("process.parent.executable") or hit.fields.get("ParentImage") or ""
        parent = parent or hit.fields.get("ParentProcessName", "")
        if server.search(parent) or (rule.stage is Stage.WEBSHELL_USE and "url.path" in hit.fields):
            yield hit.origin.path, "shell_start", key_of(["shell"]), hit.time
