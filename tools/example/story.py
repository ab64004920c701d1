"""What a reader should find: planted events with stage and strength, the gaps, and the expected verdict."""

from example import intrusion, scene
from example.tree import EXCHANGE

Planted = dict[str, list[tuple[str, int, int, str, str]]]

LABELS: dict[str, tuple[str, str, str]] = {
    "probe": ("probe", "attempt", "the intruder reaches Autodiscover through the forged cookie and stops"),
    "chain-autodiscover": ("probe", "attempt", "first step of the chain"),
    "chain-mapi": ("exploitation", "success", "the back end tells the SID of the mailbox"),
    "chain-proxylogon": ("exploitation", "success", "a session of ECP without a logon (241)"),
    "chain-getobject": ("exploitation", "success", "virtual directories listed"),
    "chain-setobject": ("exploitation", "success", "the address of the address book becomes a script"),
    "chain-reset": ("drop", "success", "the configuration is written into a file of the web folder"),
    "shell-visit": ("webshell", "success", "the page answers: it exists; no input was sent"),
    "use-0228": ("webshell_use", "success", "requests with input from a second address"),
    "use-0302": ("webshell_use", "success", "used before the update"),
    "use-0305": ("webshell_use", "success", "used after the update: patched is not clean"),
    "use-0308": ("webshell_use", "success", "used in the last day of the evidence"),
    "mail-superintendent": ("post_exploitation", "success", "mailbox read as somebody else"),
    "mail-payroll": ("post_exploitation", "success", "mailbox read as somebody else"),
    "archive-download": ("post_exploitation", "success", "an archive fetched from the web folder"),
    "commands-0228": ("post_exploitation", "success", "the web server's worker starts a command shell"),
    "commands-0302": ("post_exploitation", "success", "the web server's worker starts a command shell"),
    "memory-dump": ("post_exploitation", "success", "the memory that holds passwords is written to a file"),
    "archive-made": (
        "post_exploitation",
        "success",
        "mailboxes are packed into an archive in the web folder",
    ),
    "page-made": ("drop", "success", "a second back door, seen in the journal of the disk only"),
    "page-removed": ("cleanup", "success", "it is removed before the web folder is copied"),
    "entry-again": ("exploitation", "attempt", "the same address after the update: refused"),
    "other-probe": ("probe", "attempt", "others, Autodiscover only"),
    "other-chain-failed": ("exploitation", "attempt", "another chain, refused by the update"),
    "nmap-script": ("probe", "assessment", "Microsoft's published test"),
    "cert-scan": ("probe", "assessment", "scan of a national CERT"),
    "research-scan": ("probe", "assessment", "scan of a research project"),
    "shell-seeker": ("probe", "attempt", "looks for shells of others: 302 and 404"),
}
INTRUDER = frozenset(
    label
    for label in LABELS
    if label.startswith(
        (
            "probe",
            "chain",
            "shell-visit",
            "use-",
            "mail-",
            "archive",
            "commands-",
            "memory-",
            "page-",
            "entry-again",
        )
    )
)


def story(planted: Planted, names: dict[str, str]) -> dict[str, object]:
    """The document that tests hold an assessment against; `names` holds the seeded paths (shell, archive)."""
    events = [
        {"label": label, "kind": kind, "path": path, "line": line, "offset": offset, "time": time}
        | dict(zip(("stage", "strength", "what"), LABELS[label], strict=True))
        | {"intruder": label in INTRUDER}
        for label, places in planted.items()
        for path, line, offset, time, kind in places
    ]
    events.sort(key=lambda event: (str(event["time"]), str(event["path"]), event["line"]))
    back_end = "inetpub/logs/LogFiles/W3SVC2"
    return {
        "server": {"name": scene.SERVER, "fqdn": scene.FQDN, "organisation": scene.ORGANISATION},
        "builds": [".".join(map(str, build)) for build in (scene.BUILD_BEFORE, scene.BUILD_AFTER)],
        "patched": scene.iso(scene.PATCHED),
        "collected": scene.iso(scene.COLLECTED),
        "expect": {
            "level": "in_use",
            "since": "2021-02-28",
            "last_activity": "2021-03-08",
            "addresses": [intrusion.ENTRY_IP, intrusion.USE_IP],
            "mailboxes": [f"{name}@{scene.DOMAIN}" for name in intrusion.VICTIMS],
        }
        | names,
        "gaps": [
            {"folder": back_end, "day": scene.DISK_FULL.isoformat(), "reason": "the disk was full"},
            {
                "folder": f"{EXCHANGE}/Logging/HttpProxy",
                "before": scene.iso(scene.FIRST_EXCHANGE),
                "reason": "removed by the server after 30 days",
            },
        ],
        "events": events,
    }
