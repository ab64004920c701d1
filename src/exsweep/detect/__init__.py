"""What single events show: Sigma rules, indicators and correlations over batches of rows."""

from exsweep.detect.correlation import Correlated, correlate
from exsweep.detect.engine import Engine, Match
from exsweep.detect.ioc import indicator_rules, sought

__all__ = ["Correlated", "Engine", "Match", "correlate", "indicator_rules", "sought"]
