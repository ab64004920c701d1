"""The objects of the bundle: one small function each, through the `stix2` library, which checks them."""

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import stix2.v21 as v21

from exsweep.export.stix.ids import TIMELESS, Case, global_id
from exsweep.export.stix.patterns import address, for_address, for_shell
from exsweep.export.text import LONG, clip, visible
from exsweep.export.times import utc
from exsweep.model import Assessment, Chain, Finding

MARKING = v21.TLP_AMBER
"""Names a victim: for the victim, its helpers and their clients, unless the owner decides otherwise."""
_MARKED = {"object_marking_refs": [MARKING.id]}
_MOST = 999_999_999
_SECTORS = (
    ("school", "education"), ("education", "education"), ("university", "education"), ("k12", "education"),
    ("hospital", "healthcare"), ("health", "healthcare"), ("bank", "financial-services"),
    ("police", "emergency-services"), ("fire", "emergency-services"), ("city", "government-local"),
    ("town", "government-local"), ("county", "government-local"), ("government", "government"),
)  # fmt: skip
"""Word of the sector -> STIX `industry-sector-ov`."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def text(value: str, limit: int = 400) -> str:
    """Free text of an object: odd characters visible, never empty."""
    return visible(clip(value, limit)) or "-"


def _stamps(case: Case) -> dict[str, Any]:
    return {"created": case.moment, "modified": case.moment, "created_by_ref": producer()["id"], **_MARKED}


def producer() -> Any:
    """exsweep itself, who made the objects."""
    return v21.Identity(
        id=global_id("identity", "exsweep"),
        created=TIMELESS,
        modified=TIMELESS,
        name="exsweep",
        identity_class="system",
    )


def victim(assessment: Assessment, case: Case) -> Any:
    """The organisation, else the server."""
    server = assessment.server
    sector = next((name for word, name in _SECTORS if word in (server.sector or "").lower()), None)
    return v21.Identity(
        id=case.id("identity", "victim"),
        name=text(server.organisation or server.name or "server without a name"),
        description=text(f"Exchange server {server.name}" if server.name else "Exchange server"),
        identity_class="organization" if server.organisation else "system",
        **({"sectors": [sector]} if sector else {}),
        **_stamps(case),
    )


def vulnerability(cve: str) -> Any:
    """One CVE; the same object in every bundle."""
    return v21.Vulnerability(
        id=global_id("vulnerability", cve),
        created=TIMELESS,
        modified=TIMELESS,
        created_by_ref=producer()["id"],
        name=text(cve, 60),
        external_references=[{"source_name": "cve", "external_id": text(cve, 60)}],
    )


def attack_pattern(technique: str) -> Any:
    """One ATT&CK technique; the same object in every bundle."""
    return v21.AttackPattern(
        id=global_id("attack-pattern", technique),
        created=TIMELESS,
        modified=TIMELESS,
        created_by_ref=producer()["id"],
        name=text(technique, 60),
        external_references=[{"source_name": "mitre-attack", "external_id": text(technique, 60)}],
    )


def campaign(chain: Chain, case: Case) -> Any:
    """What one intruder did to this server."""
    times = {}
    if chain.first_seen:
        times["first_seen"] = utc(chain.first_seen)
        if chain.last_seen:
            times["last_seen"] = max(utc(chain.first_seen), utc(chain.last_seen))
    agents = ", ".join(chain.actor.agents[:20])
    return v21.Campaign(
        id=case.id("campaign", chain.id),
        name=text(chain.title),
        description=text(
            f"Chain {chain.id}, level {chain.level.value}. "
            + (f"Known as {chain.campaign}. " if chain.campaign else "")
            + " ".join(chain.joined_by)
            + (f" User agents: {agents}." if agents else ""),
            4_000,
        ),
        **times,
        **_stamps(case),
    )


def indicators(chain: Chain, case: Case) -> list[tuple[Any, str]]:
    """One indicator per address and per web shell of the intruder, each with the value it was made from."""
    start = utc(chain.first_seen) if chain.first_seen else case.moment
    found: list[tuple[Any, str]] = []

    def add(kind: str, name: str, value: str, pattern: str) -> None:
        indicator = v21.Indicator(
            id=case.id("indicator", f"{chain.id}:{kind}:{value!r}"),
            name=text(f"{name} {value}"),
            description=text(f"Seen in: {chain.title}"),
            indicator_types=["malicious-activity"],
            pattern=pattern,
            pattern_type="stix",
            pattern_version="2.1",
            valid_from=start,
            **_stamps(case),
        )
        found.append((indicator, value))

    for value in chain.actor.addresses:
        known = address(value)
        if known is not None and not known.is_loopback:
            add("address", "Address of the intruder", str(known), for_address(known))
    for value in (*chain.actor.shells, *chain.actor.pages):
        if value:
            add("shell", "Web shell", value, for_shell(value))
    return found


def observed(finding: Finding, case: Case) -> list[Any]:
    """Observed-data of one finding with the raw line, its log file and its address; empty without a time."""
    if finding.first_seen is None:
        return []
    first = utc(finding.first_seen)
    last = max(first, utc(finding.last_seen)) if finding.last_seen else first
    raw = clip(finding.excerpt, LONG).encode("utf-8", "backslashreplace") or b"-"
    objects: list[Any] = [v21.Artifact(mime_type="text/plain", payload_bin=base64.b64encode(raw).decode())]
    for origin in finding.origins[:1]:
        digest = origin.sha256 if origin.sha256 and _SHA256.fullmatch(origin.sha256) else None
        hashes = {"hashes": {"SHA-256": digest}} if digest else {}
        objects.append(v21.File(name=text(origin.path.rsplit("/", 1)[-1]), **hashes))
    source = address(finding.fields.get("source.ip", ""))
    if source is not None:
        kind = v21.IPv4Address if source.version == 4 else v21.IPv6Address
        objects.append(kind(value=str(source)))
    data = v21.ObservedData(
        id=case.id("observed-data", finding.id),
        first_observed=first,
        last_observed=last,
        number_observed=min(max(1, finding.count), _MOST),
        object_refs=[item["id"] for item in objects],
        external_references=[
            {
                "source_name": "exsweep",
                "external_id": text(finding.id, 120),
                "description": text(f"{finding.rule.title}. {finding.explanation}", 2_000),
            }
        ],
        **_stamps(case),
    )
    return [data, *objects]


def link(kind: str, source: str, target: str, case: Case) -> Any:
    """`source` -kind-> `target`."""
    return v21.Relationship(
        id=case.id("relationship", f"{source}:{kind}:{target}"),
        relationship_type=kind,
        source_ref=source,
        target_ref=target,
        **_stamps(case),
    )


def report(assessment: Assessment, case: Case, refs: Sequence[str], left_out: int) -> Any:
    """The verdict, which everything else hangs on."""
    verdict = assessment.verdict
    words = [f"Level {verdict.level.value}, confidence {verdict.confidence.value}.", *verdict.text]
    if left_out:
        words.append(f"{left_out} findings are in assessment.json only.")
    published: datetime = case.moment
    return v21.Report(
        id=case.id("report", "report"),
        name=text(verdict.headline),
        description=text(" ".join(words), 8_000),
        report_types=["observed-data", "indicator"],
        published=published,
        object_refs=list(refs),
        **_stamps(case),
    )
