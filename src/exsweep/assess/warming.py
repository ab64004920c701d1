"""What workers will need, made before they are forked: once instead of in each, and in memory that they share."""

from collections.abc import Sequence
from itertools import islice

from exsweep.assess.served import is_script
from exsweep.assess.tools import Tools
from exsweep.detect.webshell import prepare
from exsweep.evidence import Unit
from exsweep.parse.recognise import usual_kind
from exsweep.parse.winevent import KIND, named_evtx

_LOOKED_AT = 2_000
"""Files whose names are asked; the kinds of the others are those of these, or made by the worker that meets them."""
_PAGES = "served_file"


def warm(units: Sequence[Unit], made: Tools) -> None:
    """Prepare rules, lists and knowledge for what the names of the evidence promise; nothing of it is opened."""
    kinds: set[str] = set()
    for unit in islice(units, _LOOKED_AT):
        if is_script(unit.path):
            kinds.add(_PAGES)
        elif named_evtx(unit.path):
            kinds.add(KIND)
        elif usual := usual_kind(unit.path):
            kinds.add(usual.id)
    made.engine.prepare(sorted(kinds))
    if _PAGES in kinds:
        _ = made.baseline
        prepare()
