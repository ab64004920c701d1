"""Web shells: found by what they can do, in any dress. `examine` reads one file; nothing of it is ever run."""

from exsweep.detect.webshell.examine import examine, not_cleared
from exsweep.detect.webshell.named import Remembered
from exsweep.detect.webshell.sieve import prepare

__all__ = ["Remembered", "examine", "not_cleared", "prepare"]
