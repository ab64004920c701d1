"""The whole example: month by month, day by day, into a tree; and what was planted where."""

import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from example import administrator, intrusion, probes, scene, strangers, upkeep
from example.journal import write_journal
from example.mailflow import mail_day
from example.pages import write_pages
from example.records import write_records
from example.server import Server, Sink
from example.staff import staff_day
from example.story import story
from example.tree import Tree

MADE_BY = "exsweep tools/make_example.py"
NOTES = """Collected on 9 March 2021 from MAIL01 by the district's administrator.
- C: inetpub and Windows, D: Exchange Server.
- Web server logs older than 1 February were moved to tape and are not included.
- 18 February: volume E: (logs of the back end site) was full; no W3SVC2 log was written on that day.
- 3 March, 11:05 to 11:52 UTC: security update KB5000871 installed, server restarted.
"""


@dataclass(frozen=True, slots=True)
class Built:
    """What was written."""

    files: int
    size_bytes: int
    rows: int
    truth: Path


def fill(tree: Sink, *, scale: float, seed: int) -> dict[str, str]:
    """All rows of the example into `tree`; gives the seeded names (shell, archive)."""
    users = scene.people(seed, max(12, int(58 * scale)))
    plant = scene.stream(seed, "plant")
    names = {"shell": intrusion.shell_path(plant), "archive": intrusion.archive_path(plant)}
    boxes = probes.health_mailboxes(scene.stream(seed, "health"))
    day = scene.FIRST_IIS
    while day <= scene.moment(scene.COLLECTED).date():
        inside = Server(tree, scene.stream(seed, "ids", "staff", day))
        staff_day(inside, scene.stream(seed, "staff", day), day, users, scale)
        watcher = Server(tree, scene.stream(seed, "ids", "probes", day))
        probes.probe_day(watcher, scene.stream(seed, "probes", day), day, boxes)
        outside = Server(tree, scene.stream(seed, "ids", "outside", day))
        rng = scene.stream(seed, "outside", day)
        strangers.background(outside, rng, day)
        strangers.guessing(outside, rng, day, users)
        administrator.administrator_day(outside, rng, day, users[2])
        upkeep.address_book(tree, rng, day)
        mail_day(tree, scene.stream(seed, "mail", day), day, users, scale)
        day += timedelta(days=1)
    started = Server(tree, scene.stream(seed, "ids", "restart"))
    probes.after_restart(started, scene.stream(seed, "restart"), boxes)
    upkeep.kernel_errors(tree, scene.stream(seed, "kernel"), scene.FIRST_IIS)
    planted = Server(tree, scene.stream(seed, "ids", "planted"))
    intrusion.break_in(planted, plant, names["shell"])
    intrusion.read_mail(planted)
    intrusion.use_shell(planted, plant, names["shell"], names["archive"])
    intrusion.come_again(planted)
    strangers.proxylogon_visitors(planted)
    strangers.shell_seekers(planted, names["shell"])
    return names


def oldest_kept() -> dict[str, int]:
    """IIS keeps everything, Exchange about a month."""
    exchange = (
        "httpproxy",
        "ews",
        "ecp_server",
        "ecp_activity",
        "oabgenerator",
        "rps_http",
        "rps_cmdlet",
        "tracking",
        "smtp_receive",
        "agent",
    )
    return dict.fromkeys(exchange, scene.FIRST_EXCHANGE)


def build(out: Path, truth: Path, *, scale: float = 1.0, seed: int = scene.SEED) -> Built:
    """Write the tree to `out` (a new or empty folder) and the planted events to `truth`, outside of it.

    Raises `FileExistsError` when `out` holds something that this script did not make.
    """
    if out.resolve() in truth.resolve().parents:
        raise ValueError(f"{truth} lies inside the evidence: name a place outside {out}")
    if out.exists() and any(out.iterdir()):
        if not truth.exists() or json.loads(truth.read_text("utf-8")).get("made_by") != MADE_BY:
            raise FileExistsError(
                f"{out} is not empty and {truth} does not say that it is ours: name another folder"
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    tree = Tree(oldest_kept())
    names = fill(tree, scale=scale, seed=seed)
    write_records(tree, seed, scene.people(seed, max(12, int(58 * scale))), names)
    write_journal(tree, seed, names["archive"])
    planted = tree.write(out)
    write_pages(out, names["shell"])
    (out / "collection-notes.txt").write_bytes(NOTES.replace("\n", "\r\n").encode())
    document = {"made_by": MADE_BY, "seed": seed, "scale": scale} | story(planted, names)
    truth.parent.mkdir(parents=True, exist_ok=True)
    truth.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    sizes = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    return Built(len(sizes), sum(sizes), tree.count, truth)
