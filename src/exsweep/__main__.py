"""`python -m exsweep`."""

import sys
from pathlib import Path

# Python looks for modules in the current folder first, and that may be the evidence: nothing is imported from there
# (H43). Where this package itself lies in it, as in a checkout, the user means it.
_ours, _here = Path(__file__).resolve().parents[1], Path.cwd()
if not sys.flags.safe_path and _ours != _here and sys.path and Path(sys.path[0] or ".").resolve() == _here:
    del sys.path[0]

from exsweep.cli import main  # noqa: E402 - only now is it safe

if __name__ == "__main__":
    main()
