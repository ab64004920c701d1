"""A scan on the terminal: a list of what was found so far, and at its end what a person must know."""

import time
from collections import Counter
from pathlib import Path

from rich.console import Group
from rich.text import Text

from exsweep.cli.live import LiveLines
from exsweep.cli.terminal import term
from exsweep.errors import ExitCode
from exsweep.scan import Kind, Proof, ScanResult, patch_state

_WORDS = {
    Kind.EXACT: "Exchange, build known",
    Kind.INTERVAL: "Exchange, update level not shown",
    Kind.HIDDEN: "Exchange, build hidden",
    Kind.EXCHANGE_ONLINE: "Exchange Online",
    Kind.FRONTED: "something else answers in front",
    Kind.IMPOSTOR: "only looks like Exchange",
    Kind.NOT_EXCHANGE: "no Exchange",
    Kind.UNREACHABLE: "no answer",
}
_MOST = 20


class ScanScreen(LiveLines):
    """Watches a scan, and says at its end what a person must know."""

    def __init__(self, remarks: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._remarks = remarks
        self._total = self._resumed = self._done = self._repeated = self._again = self._answered_later = 0
        self._seen = self._open = self._unknown = self._open_or_seen = 0
        self._kinds: Counter[Kind] = Counter()
        self._silent: Counter[str] = Counter()
        self._remarkable: list[tuple[int, int, str, str]] = []
        """(rank, flaws in use by intruders counted down, target, what to say), the worst first and no more than are shown."""
        self._started = time.monotonic()

    def planned(self, targets: int, resumed: int) -> None:
        self._total, self._resumed = targets, resumed
        self._draw()

    def told(self, one: ScanResult) -> None:
        self._done += 1
        self._kinds[one.kind] += 1
        self._repeated += one.repeated
        self._again += one.visits > 1
        self._answered_later += one.visits > 1 and one.kind is not Kind.UNREACHABLE
        state = patch_state(one)
        self._seen += bool(one.pages)
        self._open += state == "open"
        self._unknown += state == "unknown" and one.kind not in (Kind.NOT_EXCHANGE, Kind.EXCHANGE_ONLINE)
        if one.kind is Kind.UNREACHABLE:
            self._silent["; ".join(one.identity.why)] += 1
        if one.pages or state == "open":
            strong = any(page.proof is Proof.STRONG for page in one.pages)
            self._open_or_seen += 1
            rank = 0 if strong else 1 if one.pages else 2
            used = len(one.opinion.exploited) if one.opinion else 0
            self._remarkable.append((rank, -used, one.target, _remark(one, strong=strong)))
            if len(self._remarkable) > 10 * _MOST:
                self._remarkable = sorted(self._remarkable)[:_MOST]
        self._draw()

    @property
    def done(self) -> int:
        """Targets that have their result, also of earlier parts of the run."""
        return self._done + self._resumed

    def summary(self, out: Path | None) -> str:
        """Counts, what is remarkable, what could not be seen; plain text, without control characters."""
        rows = [f"Done: {self._done:,} of {self._total:,} targets" + self._already()]
        rows += [f"  {words}: {self._kinds[kind]:,}" for kind, words in _WORDS.items() if self._kinds[kind]]
        if self._silent:
            rows += ["Why there was no answer:"]
            rows += [f"  {why}: {count:,}" for why, count in self._silent.most_common(_MOST)]
        rows += [f"Look open to attack: {self._open:,}. Show not enough to tell: {self._unknown:,}."]
        if self._seen:
            rows += [f"Pages at known addresses of back doors: on {self._seen:,}."]
        if self._again:
            rows += [f"Visited once more, later: {self._again:,}; then answered: {self._answered_later:,}."]
        if self._repeated:
            rows += [f"May have been contacted twice, for the run was stopped: {self._repeated:,} (marked)."]
        rows += self._worst(out)
        rows += self._remarks
        rows += [
            "From outside nobody can see who is in. The records of the server can show it: exsweep triage."
        ]
        if out is not None:
            rows += [f"All of it: {out}"]
        return "\n".join(term(row) for row in rows)

    def exit_code(self) -> ExitCode:
        """A server that looks open, or a back door, wins over what could not be seen."""
        if self._open or self._seen:
            return ExitCode.FOUND
        return ExitCode.CANNOT_TELL if self._unknown else ExitCode.OK

    def _worst(self, out: Path | None) -> list[str]:
        worst = sorted(self._remarkable)[:_MOST]
        rows = ["The worst of them, !! a back door, ! a page that may be one:"] if worst else []
        rows += [f" {('!!', '! ', '  ')[rank]} {target}: {said}" for rank, _, target, said in worst]
        more = self._open_or_seen - len(worst)
        if more > 0:
            rows += [f"    and {more:,} more" + (f": exsweep scan {out} --show csv" if out else "")]
        return rows

    def _already(self) -> str:
        return f" ({self._resumed:,} had their result already)" if self._resumed else ""

    def _lines(self) -> Group:
        rows = [
            Text(f" [x] {words}: {self._kinds[kind]:,}")
            for kind, words in _WORDS.items()
            if self._kinds[kind]
        ]
        pace = self._done / max(time.monotonic() - self._started, 0.1)
        done = self._done + self._resumed
        rows.append(Text(f" [>] Asking: {done:,} of {self._total:,} targets, {pace:,.0f} a second"))
        rows.append(
            Text(
                f"     Look open to attack so far: {self._open:,}; with a page of a back door: {self._seen:,}"
            )
        )
        return Group(*rows)


def _remark(one: ScanResult, *, strong: bool) -> str:
    """`Exchange Server 2016 CU18; 130 flaws open, 12 of them used by intruders; no updates since 2025-10-14`."""
    said = []
    if one.pages:
        where = ", ".join(page.path for page in one.pages[:3])
        said.append(f"{'a back door ran at' if strong else 'a page answers at'} {where}")
    opinion = one.opinion
    if opinion is not None:
        said.append(opinion.build_name or one.kind.value)
        if opinion.certain:
            flaws = "1 flaw" if len(opinion.certain) == 1 else f"{len(opinion.certain):,} flaws"
            said.append(f"{flaws} open by build, {len(opinion.exploited):,} of them used by intruders")
        if opinion.support_ended:
            said.append(f"no updates since {opinion.support_end}")
    return "; ".join(said)
