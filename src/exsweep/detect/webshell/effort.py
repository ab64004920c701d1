"""How much work one file may be: counted and not timed, so that the same file always ends at the same place.

A step is about what evaluating one name or constant costs. What does other work counts it in steps, a chunk at a time;
what is bounded by the size of the file alone (decoding, patterns, lexing) is not counted. A clock would let a busy machine see
less than an idle one. Wall clock and memory are the last resort, and a matter of the process in which files are read.
"""

from typing import Final

MOST: Final = 1_000_000
"""Steps of one file: some five seconds of a slow core. The dearest of 5,622 ordinary pages takes less than half of it."""
STATEMENT: Final = 5
"""One statement of VB, read."""
NODE: Final = 2
"""One node of a tree of tree-sitter, read."""
PARSING: Final = 20
"""One call of tree-sitter's progress hook."""


class Effort:
    """Steps that are left for a file and all that it holds."""

    def __init__(self, steps: int = MOST) -> None:
        self.left = steps

    def spent(self) -> bool:
        """Nothing more may be done for this file."""
        return self.left < 0

    def take(self, steps: int) -> bool:
        """Counts work that was done; True when it was too much."""
        self.left -= steps
        return self.left < 0
