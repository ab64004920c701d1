"""Page and script files in the light of the whole case: who asked for them, and which are to be shown."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from exsweep.judge import facts
from exsweep.knowledge.baselines import CHANGED, MATCH, NO_BASELINE, OTHER_BUILD, UNKNOWN_NAME, Baseline
from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import render
from exsweep.model import FileReport, FilesLooked, FileVerdict, Hit, Requests

_SHOWN = {FileVerdict.MALICIOUS: 0, FileVerdict.SUSPICIOUS: 1}
_ODD = frozenset({CHANGED, UNKNOWN_NAME, OTHER_BUILD})
"""What the lists of shipped files find worth a look, though nothing in the file speaks against it."""


def look(
    files: Sequence[FileReport],
    hits: Iterable[Hit],
    build: str | None = None,
    shipped: Baseline | None = None,
) -> FilesLooked | None:
    """`hits`: everything that the logs say of requests, context too; each row of a log counts once.

    `build` of the server, and the lists of shipped files to hold against it.
    """
    if not files:
        return None
    verdicts: Counter[str] = Counter()
    said: Counter[str] = Counter()
    shown = []
    # One at a time: there may be a million, of which hardly one is shown.
    for each in files:
        one = _compared(each, build, shipped)
        verdicts[one.verdict.value] += 1
        said[one.baseline] += 1
        if one.verdict in _SHOWN or one.baseline in _ODD:
            shown.append(one)
    shown.sort(key=lambda one: (_SHOWN.get(one.verdict, 2), -one.score, one.path, one.sha256))
    asked = _requests(hits)
    kept = []
    for one in shown[: judging().files_shown]:
        url = facts.served_as(one.path)
        kept.append(msgspec.structs.replace(one, url=url, requests=_of(url, asked)))
    return FilesLooked(
        looked_at=len(files),
        verdicts=dict(sorted(verdicts.items())),
        baseline=_baseline(said, len(files)),
        remarkable=tuple(kept),
    )


def _compared(one: FileReport, build: str | None, shipped: Baseline | None) -> FileReport:
    """What the lists say of the file on a server of this build; where they are not sure, they say nothing."""
    if shipped is None:
        return one
    says = shipped.judge(one.path, one.sha256, build)
    code = says.code if says.sure or says.code not in _ODD else NO_BASELINE
    return msgspec.structs.replace(one, baseline=code, baseline_text=says.text)


def _baseline(said: Counter[str], count: int) -> str:
    """What the list of shipped files was good for here."""
    known = render("files.baseline.known", n=said[MATCH], of=count) if said[MATCH] else ""
    return known or (render("files.baseline.none") if said[NO_BASELINE] else "")


def _requests(hits: Iterable[Hit]) -> dict[str, list[Hit]]:
    """Web requests by page, and by the page's bare name; the same row only once."""
    found: dict[str, list[Hit]] = {}
    taken: set[tuple[str, int | None]] = set()
    for hit in hits:
        place = (hit.origin.path, hit.origin.offset)
        page = facts.page(hit) if hit.fields.get("url.path") else None
        if page is None or place in taken:
            continue
        taken.add(place)
        for key in {page, facts.file_name(page)}:
            found.setdefault(key, []).append(hit)
    return found


def _of(url: str | None, asked: dict[str, list[Hit]]) -> Requests | None:
    hits = asked.get(url) if url else None
    if not hits:
        return None
    # The same request stands in the logs of the front end, of the back end and of the proxy: count the fullest one.
    kinds = Counter(hit.kind for hit in hits)
    fullest = min(kinds, key=lambda kind: (-kinds[kind], kind))
    hits = [hit for hit in hits if hit.kind == fullest]
    times = [hit.time for hit in hits if hit.time]
    lasts = [time for hit in hits if (time := facts.last_time(hit))]
    sizes = [int(value) for hit in hits if (value := hit.fields.get("http.response.bytes", "")).isdigit()]
    statuses = Counter(hit.fields.get("http.response.status_code", "?") for hit in hits)
    return Requests(
        count=sum(hit.count for hit in hits),
        first=min(times, default=None),
        last=max(lasts, default=None),
        with_input=sum(hit.count for hit in hits if _brings_input(hit)),
        addresses=_few(facts.address(hit) for hit in hits),
        agents=_few(facts.agent(hit) for hit in hits),
        statuses=dict(sorted(statuses.items())),
        bytes_out=sum(sizes) if sizes else None,
    )


def _brings_input(hit: Hit) -> bool:
    return hit.fields.get("http.request.method", "").upper() == "POST" or bool(hit.fields.get("url.query"))


def _few(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))[:20]
