"""One server, from its evidence to an assessment: open, read, detect, judge."""

from exsweep.assess.case import rejudge, triage
from exsweep.assess.progress import Progress, Silent
from exsweep.assess.settings import Settings

__all__ = ["Progress", "Settings", "Silent", "rejudge", "triage"]
