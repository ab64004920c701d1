"""One server, from its evidence to an assessment: open, read, detect, judge."""

from exsweep.assess.case import Judged, rejudge, rejudge_each, triage, triage_each
from exsweep.assess.progress import Progress, Silent
from exsweep.assess.settings import Settings
from exsweep.assess.shares import folder_of

__all__ = [
    "Judged",
    "Progress",
    "Settings",
    "Silent",
    "folder_of",
    "rejudge",
    "rejudge_each",
    "triage",
    "triage_each",
]
