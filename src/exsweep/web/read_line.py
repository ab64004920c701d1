"""A process that reads one line of evidence: `python -m exsweep.web.read_line`, told by its standard input what to read."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from exsweep.assess import Settings
from exsweep.assess.quoting import Place, raw_line
from exsweep.errors import EvidenceError


def main() -> int:
    """Read `[path of the evidence, place]`, write the line or `null`, as JSON."""
    where, place = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[str, Place])
    settings = Settings(evidence=(Path(where),), now=datetime.now(UTC))
    try:
        found = raw_line(Path(where), settings, place)
    except EvidenceError:
        found = None  # nothing to read is no line
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
