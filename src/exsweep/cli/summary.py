"""What a person reads on the terminal when triage is done."""

from pathlib import Path
from textwrap import wrap

from exsweep.cli.terminal import term
from exsweep.export.words import count, gaps_counted, stage
from exsweep.knowledge.languages import ENGLISH, in_language, say, text
from exsweep.knowledge.shown_by import shown_by
from exsweep.knowledge.words import join
from exsweep.model import Assessment, Coverage, Finding, Gap, Origin, Strength

_MOST = 6
_NOT_SENT = "missing.no_log"
_WIDTH = 110
"""Columns of what is no record: a list of all kinds of record would be one line of 900 signs."""
_UNREAD = "file"
"""Gaps that name a kind of file which is not read, and what to give instead: the reader can mend these at once."""


def summary(assessment: Assessment, out: Path | None, language: str = ENGLISH) -> str:
    """Verdict, what to do now, why, what could not be seen; plain text, safe for a terminal."""
    verdict = in_language(assessment.verdict, language)
    lines = [verdict.headline, ""]
    lines += [f"  {one}" for one in verdict.text]
    if verdict.do_now:
        lines += ["", f"{text('page.do.now', language)}:" if language != ENGLISH else "What to do now:"]
        lines += [f"  {number}. {one}" for number, one in enumerate(verdict.do_now, 1)]
    if language != ENGLISH:
        lines += ["", text("page.below", language)]
    chosen = set(verdict.reasons[:_MOST])
    reasons = [item for item in assessment.findings if item.id in chosen]
    if reasons:
        lines += ["", "Why:"]
        for item in sorted(reasons, key=lambda finding: verdict.reasons.index(finding.id)):
            place = item.origins[0]
            seen = f"{item.first_seen:%Y-%m-%d %H:%M:%S} UTC" if item.first_seen else "no time"
            times = f", {item.count} times" if item.count > 1 else ""
            proof = {
                Strength.SUCCESS: "it worked",
                Strength.ATTEMPT: "a try",
                Strength.AMBIGUOUS: "not settled",
                Strength.ASSESSMENT: "a known test",
            }[item.strength]
            lines.append(f"  - {item.rule.title} ({proof}; {seen}{times})")
            lines.append(f"    {place.path}{_where(place)}")
            lines.append(f"    {(_event(assessment, item) or item.excerpt)[:160]}")
    lines += _unseen_steps(assessment)
    lines += _gaps(assessment.coverage, out)
    moved = [clock.text for clock in assessment.coverage.clocks if clock.moved]
    if moved:
        lines += ["", "Clocks:", *(f"  - {told}" for told in moved)]
    if assessment.rule_problems:
        lines += ["", f"Rules of yours that could not run ({len(assessment.rule_problems)}):"]
        lines += [f"  - {problem}" for problem in assessment.rule_problems[:_MOST]]
    if out is not None:
        lines += [
            "",
            f"All of it: {out / ('report.html' if language == ENGLISH else f'report.{language}.html')}",
        ]
    return "\n".join(term(line) for line in lines)


def _unseen_steps(assessment: Assessment) -> list[str]:
    """Of the leading break-in: the steps for which records are missing, and which ones."""
    chain = next((one for one in assessment.chains if one.level is assessment.verdict.level), None)
    steps = [
        step
        for step in (chain.steps if chain else ())
        if step.missing and step.said and step.said[0].key == _NOT_SENT
    ]
    if not steps:
        return []
    named = [one for step in steps if isinstance(one := step.said[0].params["kinds"], tuple)]
    kinds = [say(one) for kinds in named for one in kinds]
    return [
        "",
        "Steps of the intruder that we did not see:",
        *(f"  - {stage(step.stage)[0]} ({stage(step.stage)[1]})" for step in steps),
        *wrap(
            f"These records could show them and were not sent: {join(list(shown_by().merged(kinds)))}.",
            _WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
        ),
    ]


def _gaps(coverage: Coverage, out: Path | None) -> list[str]:
    """What limits the answer and what the collecting program left out, line by line; of the rest the number.

    Where nothing could be read at all, first what is wrong with the files that were given.
    """
    gaps = coverage.gaps
    if not gaps:
        return []
    first = [gap for gap in gaps if gap.kind == _UNREAD or (gap.path is not None and not coverage.sources)]
    named = first + [
        gap for gap in gaps if gap not in first and (gap.limits_verdict or gap.kind == "collector")
    ]
    left = len(gaps) - len(named[:_MOST])
    rest = f"{count(left, 'more gap' if named else 'gap')}: {'the report names' if out else 'a report (--out DIR) names'}"
    return [
        "",
        f"What we could not see ({gaps_counted(gaps)}):",
        *(f"  - {_told(gap)}" for gap in named[:_MOST]),
        *([f"  - {rest} {'it' if left == 1 else 'them'}."] if left else []),
    ]


def _where(place: Origin) -> str:
    """The line, or the number that Windows gave the record: the event viewer finds it by that."""
    if place.record is not None:
        return f", record {place.record}"
    return f", line {place.line}" if place.line else ""


def _told(gap: Gap) -> str:
    """What is missing, and of which file; of a kind that is not read also what to give instead."""
    if gap.kind == _UNREAD:
        return f"{gap.reason} {gap.effect}"
    return gap.reason if gap.path is None or gap.path in gap.reason else f"{gap.path}: {gap.reason}"


def _event(assessment: Assessment, finding: Finding) -> str | None:
    """A Windows event as the timeline tells it, once for all findings of it: its raw form begins with what no person reads."""
    if not finding.fields.get("event.code"):
        return None
    place = finding.origins[0]
    rows = (row.text for row in assessment.timeline if row.finding == finding.id or row.origin == place)
    return next(rows, None)
