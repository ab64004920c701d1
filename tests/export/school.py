"""A school district whose server is in use by intruders: the rich sample.

Everything is invented: documentation addresses (RFC 5737), `.example` names, no line of real evidence.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from exsweep.model import (
    Actor,
    Assessment,
    Capability,
    Chain,
    Confidence,
    Coverage,
    CoverageDay,
    CoverageSource,
    CustodyItem,
    DayState,
    Evidence,
    FileReport,
    FilesLooked,
    FileVerdict,
    Finding,
    Gap,
    Impact,
    ImpactItem,
    ImpactState,
    Level,
    Origin,
    Patch,
    PatchCves,
    Reason,
    Remedy,
    Requests,
    RuleRef,
    Run,
    SeenBuild,
    Server,
    Severity,
    Stage,
    Step,
    Strength,
    TimelineRow,
    Verdict,
)


def at(text: str) -> datetime:
    """`2021-02-28 04:10:22` as a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sha(number: int) -> str:
    return f"{number:02x}" * 32


ECP = "Exchange Server/V15/Logging/HttpProxy/Ecp/HttpProxy_2021022804-1.LOG"
ECP_SERVER = "Exchange Server/V15/Logging/ECP/Server/ECPServer20210228-1.LOG"
IIS = "inetpub/logs/LogFiles/W3SVC1/u_ex{}.log"

RAW_SSRF = (
    "2021-02-28T04:10:22.117Z,8f0e,15,1,2106,2,,Ecp,mail.cedarhollow.example,/ecp/y.js,,FBA,False,,,,"
    "ServerInfo~a]@MAIL01.cedarhollow.example:444/autodiscover/autodiscover.xml?#,203.0.113.9,MAIL01,200,,POST"
)
RAW_DROP = (
    "2021-02-28T04:10:41.903Z,MAIL01,,,S:CMD=Set-OabVirtualDirectory.ExternalUrl=''http://f/"
    '<script language="JScript" runat="server">/*EXSWEEP-INERT-FIXTURE*/</script>\'\''
)
RAW_SHELL = "2021-02-28 04:11:03 10.20.0.5 GET /aspnet_client/kvqzhtwp.aspx - 443 - 203.0.113.9 python-requests/2.25.1 - 200 0 0 312"
RAW_USE = "2021-{} 10.20.0.5 POST /aspnet_client/kvqzhtwp.aspx - 443 - 198.51.100.77 Mozilla/5.0+(Windows+NT+6.1) - 200 0 0 {}"


def finding(name: str, **given: Any) -> Finding:
    """A finding with everything filled that a test does not care for."""
    values: dict[str, Any] = {
        "id": name,
        "rule": RuleRef(
            id="PL-SSRF-ANCHOR", version="3fa9c01b77de", title="Way in through the control panel"
        ),
        "stage": Stage.EXPLOITATION,
        "strength": Strength.SUCCESS,
        "severity": Severity.CRITICAL,
        "confidence": Confidence.SURE,
        "origins": (Origin(path=ECP, sha256=sha(1), line=118, offset=41_223),),
        "excerpt": RAW_SSRF,
        "explanation": "A request used the server to speak to itself as the system. Ordinary mail programs never do this.",
        "first_seen": at("2021-02-28 04:10:22"),
        "last_seen": at("2021-02-28 04:10:22"),
        "kind": "httpproxy",
        "chain": "C-7d20",
    }
    return Finding(**{**values, **given})


def days(
    first: date,
    last: date,
    *,
    absent: tuple[date, ...] = (),
    partial: tuple[date, ...] = (),
    events: int = 9_000,
) -> tuple[CoverageDay, ...]:
    found = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        state = DayState.ABSENT if day in absent else DayState.PARTIAL if day in partial else DayState.READ
        found.append(
            CoverageDay(date=day, state=state, events=0 if state == DayState.ABSENT else events + 137 * n)
        )
    return tuple(found)


def _remedies() -> tuple[Remedy, ...]:
    return (
        Remedy(
            id="cut-off", audience="admin", title="Unplug the server's network cable.",
            text="If it is a virtual machine, switch off its network. Do not turn the server off and do not delete anything. What it remembers can show what was taken.",
            why="The intruder was on the server this week. Without the network he can do nothing more.",
            done_when="No other computer can reach the server, and its screen is still on.",
        ),
        Remedy(
            id="tell", audience="admin", title="Tell your superintendent and your cyber insurer.",
            text="Use the phone, not e-mail: they may read your e-mail. The last page of this report is made for that talk.",
            why="They must decide things that you cannot, and some duties have a clock.",
            done_when="Both know, and you have written down the time.",
        ),
        Remedy(
            id="call", audience="admin", title="Call for help.",
            text="Call your state's response team or CISA. Say that you have a report with times and addresses.",
            why="A back door with this much use needs people who have done this before.",
            done_when="You have a name, a number and a case number.",
        ),
        Remedy(
            id="keep", audience="admin", title="Keep a copy before anybody cleans.",
            text="Take a snapshot with memory if the server is virtual. Else copy the folders named in the guide to a new disk.",
            why="Updates and virus scanners change or delete the traces.",
            done_when="The copy is on a disk that is not plugged in.",
        ),
        Remedy(
            id="passwords", audience="admin", title="Plan to change all passwords, but not yet.",
            text="Change them after the intruder is out. If you do it before, he gets the new ones.",
            why="Everybody who logged on since 28 February may be known to him.",
            done_when="The responder says that it is time, and every account is done.",
        ),
        Remedy(
            id="scope", audience="responder", title="Search all other Exchange servers and what this one reached.",
            text="Look for the shell name, both addresses and the agent in all web logs; list logons from MAIL01 since 28 February.",
            why="One shell is rarely alone.", done_when="Each server is listed with a verdict.",
            source=("https://www.cisa.gov/example, read 2026-10-01",),
        ),
    )  # fmt: skip


def _findings() -> tuple[Finding, ...]:
    use_days = ("02-28 04:19:40", "03-02 22:51:07", "03-05 02:14:33", "03-05 02:15:09", "03-08 21:40:18")
    return (
        finding(
            "F-2c91a0b4",
            rule=RuleRef(id="WS-USE-POST", version="91b0aa4e2d10", title="Back door used (web shell gets input)"),
            stage=Stage.WEBSHELL_USE, count=len(use_days), campaign="ProxyLogon",
            explanation="Somebody sent input to a page that Exchange does not ship, and the page answered. This is how a back door is used.",
            origins=tuple(Origin(path=IIS.format("21" + d[:5].replace("-", "")), sha256=sha(10 + n), line=2_044 + n, offset=311_870 + 512 * n) for n, d in enumerate(use_days)),
            excerpt=RAW_USE.format(use_days[0], 871), excerpts=tuple(RAW_USE.format(d, 900 + n) for n, d in enumerate(use_days[1:])),
            first_seen=at("2021-02-28 04:19:40"), last_seen=at("2021-03-08 21:40:18"), kind="iis_w3c",
            attack=("T1505.003",), tip="Look at what w3wp.exe started at these times.",
            false_positives=("A page that your own staff put there. Ask who knows /aspnet_client/kvqzhtwp.aspx.",),
            fields={"url.path": "/aspnet_client/kvqzhtwp.aspx", "source.ip": "198.51.100.77", "http.request.method": "POST", "http.response.status_code": "200", "user_agent.original": "Mozilla/5.0+(Windows+NT+6.1)"},
            source=("Observed pattern, facts of 2021",),
        ),
        finding(
            "F-77e0d3c1",
            rule=RuleRef(id="PL-DROP-OAB", version="0c1dd2e9aa01", title="File written through the address book setting"),
            stage=Stage.DROP, campaign="ProxyLogon", cves=("CVE-2021-27065",), attack=("T1190", "T1505.003"),
            explanation="The address book's outside address was set to a script. When it is reset, the server writes that script to disk as a page.",
            origins=(Origin(path=ECP_SERVER, sha256=sha(2), line=41, offset=18_020),), excerpt=RAW_DROP,
            first_seen=at("2021-02-28 04:10:41.903000"), last_seen=at("2021-02-28 04:10:41.903000"), kind="ecp_server",
            fields={"S:CMD": "Set-OabVirtualDirectory"},
        ),
        finding("F-1b6f4e20", campaign="ProxyLogon", cves=("CVE-2021-26855",), attack=("T1190",), count=9, fields={"AnchorMailbox": "ServerInfo~a]@MAIL01.cedarhollow.example:444/autodiscover/autodiscover.xml?#", "HttpStatus": "200"}),
        finding(
            "F-5d3cc812",
            rule=RuleRef(id="WS-VISIT", version="44fa0c9e1b22", title="Page that Exchange does not ship"),
            stage=Stage.WEBSHELL, origins=(Origin(path=IIS.format("210228"), sha256=sha(10), line=1_990, offset=301_115),), excerpt=RAW_SHELL,
            explanation="A page below /aspnet_client/ answered that is not part of Exchange.", first_seen=at("2021-02-28 04:11:03"), last_seen=at("2021-02-28 04:11:03"), kind="iis_w3c",
        ),
        finding(
            "F-90ab12ef",
            rule=RuleRef(id="PE-EWS-OTHER", version="be22f1a0c3d4", title="Mail of others read through the way in"),
            stage=Stage.POST_EXPLOITATION, strength=Strength.AMBIGUOUS, severity=Severity.HIGH, confidence=Confidence.VERY_LIKELY, count=34,
            explanation="Two mailboxes were opened by the system account from outside.", first_seen=at("2021-03-01 23:02:10"), last_seen=at("2021-03-01 23:09:55"),
            excerpt=RAW_SSRF.replace("y.js", "z.js"),
        ),
        finding(
            "F-0a0a77b2",
            rule=RuleRef(id="PL-PROBE", version="aa11bb22cc33", title="Looked whether the server is open"),
            stage=Stage.PROBE, strength=Strength.ATTEMPT, severity=Severity.MEDIUM, confidence=Confidence.SURE, count=3, chain=None,
            explanation="Somebody asked the server for its name in the way that the attack tool does.", first_seen=at("2021-02-27 11:31:00"), last_seen=at("2021-03-06 20:00:00"),
        ),
    )  # fmt: skip


def _timeline(findings: tuple[Finding, ...]) -> tuple[TimelineRow, ...]:
    rows = [
        TimelineRow(
            time=(item.first_seen or at("2021-02-28")) + timedelta(minutes=7 * n if item.count < 9 else 0.2 * n, hours=40 * n if item.id == "F-2c91a0b4" else 0),
            kind=item.kind, text=text, origin=origin, finding=item.id, chain=item.chain, stage=item.stage,
        )
        for item in findings
        for n, (text, origin) in enumerate(zip((item.excerpt, *item.excerpts), item.origins, strict=False))
    ]  # fmt: skip
    for n in range(40):
        rows.append(
            TimelineRow(
                time=at("2021-02-28 04:10:25") + timedelta(hours=5 * n, seconds=13 * n), kind="iis_w3c", chain="C-7d20",
                text=RAW_USE.format("02-28 04:20:00", n).replace("POST", "GET"), origin=Origin(path=IIS.format("210228"), sha256=sha(10), line=2_100 + n, offset=320_000 + 200 * n),
                stage=Stage.WEBSHELL_USE if n % 3 == 0 else None,
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: row.time))


def school_in_use() -> Assessment:
    """Broken into on 28 February, patched on 3 March, back door used until the day before collection."""
    findings = _findings()
    proxy_gap = (date(2021, 2, 24),)
    first, last = date(2021, 2, 7), date(2021, 3, 9)
    return Assessment(
        server=Server(
            name="MAIL01.cedarhollow.example", organisation="Cedar Hollow Unified School District", sector="school district",
            product="Exchange Server 2016",
            builds=(
                SeenBuild(build="15.1.2106.2", first=at("2021-02-07 00:00:03"), last=at("2021-03-03 19:58:40"), source="httpproxy"),
                SeenBuild(build="15.1.2106.13", first=at("2021-03-03 20:31:12"), last=at("2021-03-09 06:59:59"), source="httpproxy"),
            ),
        ),
        verdict=Verdict(
            level=Level.IN_USE, confidence=Confidence.SURE, since=at("2021-02-28 04:10:22"), last_activity=at("2021-03-08 21:40:18"),
            headline="Intruders are using your mail server.",
            text=(
                "We found a back door (web shell) and saw it used. The last time was 8 March 2021 at 21:40 UTC. They can read mail on this server and may have passwords.",
                "The update of 3 March did not remove them.",
                "Five records in two kinds of log show it.",
            ),
            reasons=("F-2c91a0b4", "F-77e0d3c1", "F-1b6f4e20", "F-5d3cc812"),
            against=("The page /aspnet_client/kvqzhtwp.aspx itself was not in the evidence, so we know it only from the logs.",),
            would_change=("Proof that your own staff made and used this page.",),
            evidence_end=at("2021-03-09 07:00:00"),
        ),
        chains=(
            Chain(
                id="C-7d20", title="ProxyLogon by 203.0.113.9 and 198.51.100.77", campaign="ProxyLogon", level=Level.IN_USE,
                actor=Actor(addresses=("203.0.113.9", "198.51.100.77"), agents=("python-requests/2.25.1", "Mozilla/5.0+(Windows+NT+6.1)"), users=("MAIL01$",), shells=("/aspnet_client/kvqzhtwp.aspx",), sessions=("a1c0-canary",)),
                joined_by=("Both addresses used the page kvqzhtwp.aspx, which nobody else asked for before 5 March.", "The drop and the first visit are 22 seconds apart."),
                steps=(
                    Step(stage=Stage.EXPLOITATION, time=at("2021-02-28 04:10:22"), last_time=at("2021-02-28 04:10:38"), title="They came in through the control panel (ECP).", findings=("F-1b6f4e20",), proven=True),
                    Step(stage=Stage.DROP, time=at("2021-02-28 04:10:41"), title="They wrote a file by changing the address book setting.", findings=("F-77e0d3c1",), proven=True),
                    Step(stage=Stage.WEBSHELL, time=at("2021-02-28 04:11:03"), title="The back door answered: /aspnet_client/kvqzhtwp.aspx.", findings=("F-5d3cc812",), proven=True),
                    Step(stage=Stage.WEBSHELL_USE, time=at("2021-02-28 04:19:40"), last_time=at("2021-03-08 21:40:18"), title="They gave it commands on 5 occasions.", findings=("F-2c91a0b4",), proven=True),
                    Step(stage=Stage.POST_EXPLOITATION, time=at("2021-03-01 23:02:10"), title="Two mailboxes were opened.", findings=("F-90ab12ef",)),
                    Step(stage=Stage.PERSISTENCE, title="", missing=True, why_missing="Windows event records were not in the evidence."),
                ),
                first_seen=at("2021-02-28 04:10:22"), last_seen=at("2021-03-08 21:40:18"),
            ),
            Chain(
                id="C-0a11", title="Scan by 192.0.2.44", level=Level.ATTACKED, actor=Actor(addresses=("192.0.2.44",)),
                steps=(Step(stage=Stage.PROBE, time=at("2021-02-27 11:31:00"), last_time=at("2021-03-06 20:00:00"), title="Somebody looked whether the server is open.", findings=("F-0a0a77b2",)),
                       Step(stage=Stage.EXPLOITATION, title="", missing=True, why_missing="Not seen in the days that we could read."),),
                first_seen=at("2021-02-27 11:31:00"), last_seen=at("2021-03-06 20:00:00"),
            ),
        ),
        findings=findings, timeline=_timeline(findings),
        files=FilesLooked(
            looked_at=41,
            verdicts={"benign_known": 38, "malicious": 1, "unremarkable": 2},
            baseline="38 of 41 pages are as Microsoft ships them.",
            remarkable=(
                FileReport(
                    path="inetpub/wwwroot/aspnet_client/supp0rt.aspx",
                    sha256="5e" * 32,
                    size=2_214,
                    verdict=FileVerdict.MALICIOUS,
                    confidence=Confidence.VERY_LIKELY,
                    kind="aspx",
                    language="jscript",
                    encoding="utf-8",
                    container="oab_property_dump",
                    score=20.0,
                    reasons=(Reason(code="run-code", text="Runs code that the request brings", points=12.0),),
                    capabilities=(
                        Capability(
                            id="run-code",
                            title="Runs code that the request brings",
                            from_request=True,
                            inputs=("field",),
                            evidence=(Evidence(line=20, excerpt="EXSWEEP-INERT-FIXTURE", note="request field"),),
                            attack=("T1505.003",),
                        ),
                    ),
                    families=("OAB ExternalUrl shell",),
                    baseline="unknown_name",
                    baseline_text="Exchange ships no page of this name there.",
                    problems=("one part could not be read",),
                    url="/aspnet_client/supp0rt.aspx",
                    requests=Requests(
                        count=12,
                        first=datetime(2021, 2, 28, 4, 10, tzinfo=UTC),
                        last=datetime(2021, 3, 8, 22, 41, tzinfo=UTC),
                        with_input=11,
                        addresses=("203.0.113.77",),
                        bytes_out=48_211,
                    ),
                ),
            ),
        ),
        coverage=Coverage(
            sources=(
                CoverageSource(kind="iis_w3c", title="Web server log (IIS)", files=62, first=at("2021-02-07 00:00:00"), last=at("2021-03-09 06:59:58"), events=1_204_118, rejected=3, matters=True, days=days(first, last, partial=(last,))),
                CoverageSource(kind="httpproxy", title="Mail proxy log (HttpProxy)", files=7_104, first=at("2021-02-07 00:00:03"), last=at("2021-03-09 06:59:59"), events=802_441, matters=True, days=days(first, last, absent=proxy_gap, partial=(last, date(2021, 2, 25)))),
                CoverageSource(kind="ecp_server", title="Control panel log (ECP)", files=31, first=at("2021-02-12 08:00:00"), last=at("2021-03-09 06:10:00"), events=4_210, matters=True, days=days(date(2021, 2, 12), last, partial=(last,))),
                CoverageSource(kind="message_tracking", title="Mail flow log", files=210, first=at("2021-02-07 00:00:00"), last=at("2021-03-09 06:59:00"), events=91_020, days=days(first, last)),
            ),
            gaps=(
                Gap(kind="httpproxy", first=at("2021-02-24 00:00:00"), last=at("2021-02-24 23:59:59"), reason="No file of this day is in the evidence.", effect="A way in on that day would show in the web server log only.", limits_verdict=False),
                Gap(kind="Windows event records", reason="They were not in the evidence.", effect="We cannot see which programs the intruder started.", limits_verdict=True),
                Gap(kind="file", path="inetpub/logs/LogFiles/W3SVC2/u_ex210301.log", reason="The file is cut in the middle.", effect="Half of that day is unseen at the back end."),
            ),
        ),
        patch=Patch(
            build="15.1.2106.13", build_name="Exchange Server 2016 CU18 + Mar21SU",
            cves=PatchCves(certain=("CVE-2021-34473", "CVE-2021-34523", "CVE-2021-31207"), possible=("CVE-2022-41040",), fixed=("CVE-2021-26855", "CVE-2021-27065", "CVE-2021-26857", "CVE-2021-26858")),
            support_end=date(2025, 10, 14), advice="Install the newest update of your version, then move to Exchange SE.",
            history=("Until 3 March 2021 the server ran 15.1.2106.2, which was open to ProxyLogon.", "From 3 March 2021 it ran 15.1.2106.13, which is not."),
            open_from=at("2021-02-07 00:00:03"), open_to=at("2021-03-03 20:31:12"),
        ),
        impact=Impact(
            mailboxes=ImpactItem(what="mailboxes", state=ImpactState.SEEN, text="Two mailboxes were opened from outside on 1 March.", findings=("F-90ab12ef",), items=("payroll@cedarhollow.example", "head@cedarhollow.example")),
            credentials=ImpactItem(what="credentials", state=ImpactState.POSSIBLE, text="The back door runs with full rights, so passwords in memory could be taken."),
            files=ImpactItem(what="files", state=ImpactState.SEEN, text="One page was written by the intruder.", findings=("F-77e0d3c1",), items=("/aspnet_client/kvqzhtwp.aspx",)),
            hosts=ImpactItem(what="hosts", state=ImpactState.NOT_SEEN, text="We had no records that could show moves to other computers."),
        ),
        remediation=_remedies(),
        custody=tuple(CustodyItem(path=IIS.format(f"2102{7 + n:02d}"), size=4_112_870 + n, sha256=sha(n), kind="iis_w3c") for n in range(22)),
        manifest_sha256=sha(200), rules={"used": 212, "waiting": 2_001, "not_applicable": 31, "could_not_run": 1},
        rule_problems=("my-rules/broken.yml:7: unknown modifier 'contians'",),
        run=Run(version="0.1.0", knowledge="2026.10.1 (5e0c41aa90bd)", command="exsweep triage evidence.zip --out out", started=at("2021-03-09 10:02:00"), duration_s=14.2, host="laptop-12", evidence=("evidence.zip sha256:" + sha(7),)),
    )  # fmt: skip
