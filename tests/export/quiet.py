"""Two samples in which nothing was found: with whole records, and with none of the days that matter."""

from datetime import date

from exsweep.model import (
    Assessment,
    Confidence,
    Coverage,
    CoverageSource,
    Gap,
    Impact,
    ImpactItem,
    ImpactState,
    Level,
    Patch,
    Remedy,
    Run,
    Server,
    Verdict,
)
from tests.export.school import at, days


def _nothing_seen(text: str) -> ImpactItem:
    return ImpactItem(what="mailboxes", state=ImpactState.NOT_SEEN, text=text)


def town_no_signs() -> Assessment:
    """Whole records, nothing found."""
    first, last = date(2021, 1, 31), date(2021, 3, 9)
    nothing = Impact(
        mailboxes=_nothing_seen("No mailbox was read as somebody else in the logs."),
        credentials=_nothing_seen("No sign in the logs."),
        files=_nothing_seen("No page was asked for that Exchange does not ship."),
        hosts=_nothing_seen("No sign in the logs."),
    )
    return Assessment(
        server=Server(name="EX1", organisation="Town of Alder Creek", sector="town", product="Exchange Server 2019"),
        verdict=Verdict(
            level=Level.NO_SIGNS, confidence=Confidence.VERY_LIKELY, headline="We found no signs of a break-in.",
            text=("We looked at 38 days of records, from 31 January to 9 March 2021, and 412 files. We cannot promise that nothing happened before that.",),
            would_change=("Records from before 31 January.",), evidence_end=at("2021-03-09 12:00:00"),
        ),
        coverage=Coverage(sources=(CoverageSource(kind="iis_w3c", title="Web server log (IIS)", files=38, events=20_000, matters=True, first=at("2021-01-31 00:00:00"), last=at("2021-03-09 12:00:00"), days=days(first, last)),)),
        impact=nothing, run=Run(version="0.1.0", knowledge="2026.10.1 (5e0c41aa90bd)"),
        patch=Patch(build="15.2.792.10", build_name="Exchange Server 2019 CU8 + Mar21SU"),
        remediation=(Remedy(id="update", audience="admin", title="Install the newest update.", text="Your server is still open to newer attacks.", why="New ways in are found each month.", done_when="The build number is the newest one."),),
    )  # fmt: skip


def clinic_cannot_tell() -> Assessment:
    """No record of the days that matter; no chain, no finding, no timeline."""
    nothing = _nothing_seen("We had no records that could show it.")
    return Assessment(
        server=Server(),
        verdict=Verdict(
            level=Level.CANNOT_TELL, confidence=Confidence.POSSIBLE, headline="We cannot tell yet.",
            text=("The days that matter most (26 February to 9 March 2021) are missing from what you sent. This is common: servers delete old records.",),
            would_change=("The web server's logs from 26 February 2021 on.",),
        ),
        coverage=Coverage(gaps=(Gap(kind="iis_w3c", first=at("2021-02-26 00:00:00"), last=at("2021-03-09 00:00:00"), reason="No file of these days is in the evidence.", effect="A break-in on these days would be unseen.", limits_verdict=True),)),
        impact=Impact(mailboxes=nothing, credentials=nothing, files=nothing, hosts=nothing),
        run=Run(version="0.1.0", knowledge="2026.10.1 (5e0c41aa90bd)"),
    )  # fmt: skip
