"""Whether anything in the evidence is of a mail server at all: events of another computer are no "your mail server"."""

import re
from functools import cache

from exsweep.judge.records import channels_of
from exsweep.knowledge.judging import judging
from exsweep.model import Observations


def of_a_mail_server(seen: Observations) -> bool:
    """A log that only a web or mail server writes, a channel or build of Exchange, or a record that names it."""
    for report in seen.sources:
        if report.builds or (report.kind not in judging().any_computer and (report.events or report.lines)):
            return True
        if any(_exchange().search(channel) for channel in channels_of(report)):
            return True
    return bool(seen.files) or any(
        _exchange().search(value)
        for hit in (*seen.hits, *seen.context)
        for value in (hit.kind, *hit.fields.values())
    )


@cache
def _exchange() -> re.Pattern[str]:
    return re.compile(judging().exchange_pattern)
