"""Sigma correlations over all files: counted rows become hits of the correlation rule."""

from collections.abc import Sequence

from exsweep.assess.gather import Gathered
from exsweep.assess.tools import Tools
from exsweep.model import Hit


def correlated(joined: Gathered, made: Tools) -> Sequence[Hit]:
    return ()
