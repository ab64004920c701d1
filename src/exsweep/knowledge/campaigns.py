"""Ways in that intruders used, with the days that matter and the records that can show each step."""

from datetime import date
from functools import cache

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.data_files import document
from exsweep.model import Stage


class Campaign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way in. A missing date means that the sources name none."""

    id: str
    title: str
    say: str
    """What it let an intruder do, in one plain sentence."""
    cves: tuple[str, ...]
    first_exploited: date | None = None
    """First use seen by anyone, often before the maker knew."""
    mass_from: date | None = None
    mass_to: date | None = None
    """Last day of the waves in the sources; not the end of danger."""
    disclosed: date
    patched: date
    """Day of the update that closed the last flaw of the chain."""
    shows: dict[Stage, tuple[str, ...]] = {}
    """Stage -> log formats that can show it."""
    later: dict[Stage, tuple[str, ...]] = {}
    """Stage -> other records that can show it, not read yet."""
    decisive: tuple[str, ...] = ()
    """Log formats that must cover the days for `no signs` to mean anything."""
    parts: dict[str, tuple[str, ...]] = {}
    """Log format -> parts of it (folders) that show the way in: without one of them that log covers nothing."""
    not_verified: tuple[str, ...] = ()
    source: tuple[str, ...]

    @property
    def danger_from(self) -> date:
        """First day on which an open server was at risk: first use, else the day it became known."""
        return self.first_exploited or min(self.disclosed, self.patched)


@cache
def campaigns() -> tuple[Campaign, ...]:
    """All campaigns, the best known first (order of the file)."""
    return document("campaigns.yml", tuple[Campaign, ...])


def campaign(campaign_id: str) -> Campaign:
    """The campaign of this id, or of this title, as it stands in tables and pages.

    Raises:
        KnowledgeError: no such campaign.
    """
    for each in campaigns():
        if campaign_id in (each.id, each.title):
            return each
    names = ", ".join(each.id for each in campaigns())
    raise KnowledgeError(f"{campaign_id!r} is no known campaign.", tip=f"Choose from: {names}.")
