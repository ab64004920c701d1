"""What the child of a worker does: one job, then it ends. `python -m exsweep.web.run_job FOLDER NUMBER WORKER`."""

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import msgspec

from exsweep.assess import Judged, Settings, triage_each
from exsweep.assess.custody import CustodyLog
from exsweep.assess.journal import write_whole
from exsweep.errors import ExsweepError, StoreError
from exsweep.export import EXPORTERS
from exsweep.fleet import clusters, hunt, intake
from exsweep.fleet.body import pack
from exsweep.fleet.lake import Lake
from exsweep.fleet.sources import Refused, read
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment, Server
from exsweep.web import jobs
from exsweep.web.laid_out import laid_out
from exsweep.web.scanning import looked
from exsweep.web.watching import Watching


def main(arguments: list[str]) -> int:
    """Do the job; 0 where it is over by our own word, anything else is a death."""
    folder, number, worker = Path(arguments[0]), int(arguments[1]), arguments[2]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, _interrupt)
    with Fleet.open(os.environ["EXSWEEP_JOB_STORE"], who=f"worker {worker}") as fleet:
        one = jobs.claimed(fleet.database, number)
        fleet.who = f"worker {worker} for {one.job}"
        try:
            work = _look if one.kind == "scan" else _triage
            server = work(fleet, folder, one, worker)
        except KeyboardInterrupt:
            jobs.give_back(fleet.database, number, worker)
        except StoreError:
            raise  # disk full, store gone: not the evidence's fault, and worth another try
        except ExsweepError as error:
            words = f"{error.message} {error.tip or ''}".strip()
            jobs.end(fleet.database, number, worker, "failed", words, _now())
        else:
            words = "Looked at from outside" if one.kind == "scan" else "Read and judged"
            jobs.end(fleet.database, number, worker, "done", words, _now(), server)
            shutil.rmtree(folder / "jobs" / one.job / "evidence", ignore_errors=True)
    return 0


def _triage(fleet: Fleet, folder: Path, one: jobs.Claimed, worker: str) -> int:
    home = folder / "jobs" / one.job
    out = home / "out"
    out.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        evidence=(laid_out(fleet, folder, one.sending or "", home / "evidence"),),
        now=datetime.fromtimestamp(one.created, UTC),
        out=out,
        jobs=os.cpu_count() or 1,
        server=Server(name=one.name, organisation=one.organisation, sector=one.sector),
        command=f"exsweep serve, {one.job}",
    )
    watching = Watching(fleet.database, one, worker, settings)
    judged = sorted(triage_each(settings, watching), key=lambda each: -each.assessment.verdict.level.rank)
    folders = tuple(_written(each, out) for each in judged)
    store = os.environ["EXSWEEP_JOB_STORE"]
    lake = Lake.of_service(store, folder)
    # Whoever sent evidence of several servers for one of them did not say which: each is known by its name.
    server = one.server if len(judged) == 1 else None
    done = intake.add(fleet, read(folders), now=_now(), tenant=one.tenant, server=server, lake=lake)
    if done.assessments + done.again < len(judged):
        reason = done.samples[0].reason if done.samples else "it is gone"
        raise StoreError(f"The assessment was not kept: {reason}.")
    rows = [_kept(fleet, one, each.assessment) for each in judged]
    if len(rows) > 1:
        names = (each.assessment.server.name for each in judged)
        watching.kept(tuple(_case(fleet, row, name) for row, name in zip(rows, names, strict=True)))
    clusters.compute(fleet, _now())
    watching.stage("Asking the hunts that watch")
    watching.matched(_matches(fleet, lake, one, [each.assessment for each in judged]))
    return rows[0]


def _matches(
    fleet: Fleet, lake: Lake, one: jobs.Claimed, judged: Sequence[Assessment]
) -> tuple[jobs.Match, ...]:
    """Ask the hunts that watch of the events that this job brought; after a death, or sent again, they are asked again."""
    numbers = [
        int(row[0])
        for each in judged
        for row in fleet.database.run(
            "SELECT e.id FROM event_set e JOIN assessment a ON a.id = e.assessment_id "
            "WHERE a.sha256 = ? AND e.removed IS NULL",
            (_digest(fleet, one, each),),
        )
    ]
    return tuple(
        jobs.Match(
            hunt=each.hunt,
            name=each.name,
            run=each.run,
            records=sum(hit.count for hit in each.hits),
            servers=len({hit.server for hit in each.hits}),
            new=any(hit.new for hit in each.hits),
            why_not=each.why_not,
        )
        for each in hunt.watch(fleet, lake, numbers, now=_now())
    )


def _look(fleet: Fleet, folder: Path, one: jobs.Claimed, worker: str) -> int:
    """Look from outside; what was seen comes into the fleet as `exsweep fleet add` brings it."""
    home = folder / "jobs" / one.job
    home.mkdir(parents=True, exist_ok=True)
    results = looked(fleet.database, one, worker, home, os.environ["EXSWEEP_JOB_STORE"])
    found = [each for each in read((results,)) if not isinstance(each, Refused)]
    done = intake.add(fleet, found, now=_now(), tenant=one.tenant)
    if done.assessments + done.again < len(found):
        raise StoreError("Not every result was kept.")
    rows = list(dict.fromkeys(_kept(fleet, one, each) for _, each in found))
    clusters.compute(fleet, _now())
    told = msgspec.structs.replace(
        jobs.progress(fleet.database, one.number),
        cases=tuple(_case(fleet, row, None) for row in rows) if len(rows) > 1 else (),
    )
    jobs.tell(fleet.database, one.number, worker, "Looked at from outside", told)
    return rows[0]


def _case(fleet: Fleet, row: int, name: str | None) -> jobs.Case:
    found = fleet.database.one("SELECT public_id, name FROM server WHERE id = ?", (row,))
    if found is None:
        raise StoreError(f"There is no server {row}.")
    return jobs.Case(server=str(found[0]), name=name or found[1])


def _kept(fleet: Fleet, one: jobs.Claimed, assessment: Assessment) -> int:
    return fleet.database.number(
        "SELECT server_id FROM assessment WHERE sha256 = ?", (_digest(fleet, one, assessment),)
    )


def _digest(fleet: Fleet, one: jobs.Claimed, assessment: Assessment) -> str:
    sha256, tenant = pack(assessment).sha256, fleet.tenant(one.tenant)
    return sha256 if tenant == 1 else f"{tenant}:{sha256}"


def _written(one: Judged, out: Path) -> Path:
    out = one.folder or out
    log = CustodyLog(out)
    for name in ("json", "html"):
        exporter = EXPORTERS[name]
        write_whole(out / exporter.file_name, exporter.export(one.assessment))
        log.add("exported", path=exporter.file_name)
    return out


def _end_with_parent() -> None:
    """The worker holds the other end of our standard input; when it is gone, however it died, so are we."""
    with contextlib.suppress(OSError):
        while os.read(
            0, 1
        ):  # not sys.stdin: its lock would be held for ever in processes that are forked meanwhile
            pass
    os._exit(70)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _now() -> int:
    return int(time.time())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
