"""How much of each table the page holds. What is left out is counted there; assessment.json has all."""

from dataclasses import dataclass

PAGE_BYTES = 20 * 1024 * 1024
"""A browser on an old laptop opens this without trouble, and most mail gateways refuse more."""


@dataclass(frozen=True, slots=True)
class Room:
    """Upper bounds. Counts are rows, `*_bytes` are UTF-8 bytes of HTML as drawn."""

    findings: int = 400
    more_findings: int = 4_000
    """Further findings as one line each."""
    evidence_bytes: int = 6 * 1024 * 1024
    """Raw lines of all findings together."""
    lines_per_finding: int = 50
    timeline: int = 2_000
    timeline_bytes: int = 2 * 1024 * 1024
    files: int = 100
    """Pages and scripts with what they can do."""
    chains: int = 40
    steps: int = 40
    names: int = 20
    """Addresses, agents, mailboxes ... in one list."""
    gaps: int = 200
    custody: int = 500
    problems: int = 200
    months: int = 14
    """Months of the coverage calendar."""

    def smaller(self) -> "Room":
        """A quarter of everything that grows with the case, for evidence that fills even these bounds."""
        return Room(
            findings=self.findings // 4,
            more_findings=self.more_findings // 4,
            evidence_bytes=self.evidence_bytes // 4,
            lines_per_finding=max(1, self.lines_per_finding // 4),
            timeline=self.timeline // 4,
            timeline_bytes=self.timeline_bytes // 4,
            files=self.files // 4,
            chains=max(1, self.chains // 4),
            steps=max(8, self.steps // 4),
            names=max(2, self.names // 4),
            gaps=self.gaps // 4,
            custody=self.custody // 4,
            problems=self.problems // 4,
            months=max(2, self.months // 4),
        )


@dataclass(frozen=True, slots=True)
class Left:
    """How many of a list are on the page."""

    shown: int
    total: int

    @property
    def out(self) -> int:
        """Left out."""
        return self.total - self.shown
