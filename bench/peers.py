"""Read one IIS log with a peer's own parser, for run.py to measure; runs inside the peers' environment.

    python peers.py dissect FILE

Prints the number of records. plaso needs no wrapper: run.py calls its `log2timeline`.
"""

import sys
from datetime import UTC
from importlib import import_module
from unittest.mock import MagicMock


def dissect(path: str) -> int:
    """Records that dissect.target's IIS plugin yields; of a target it asks only names and time zone."""
    plugin = import_module("dissect.target.plugins.apps.webserver.iis")
    filesystem = import_module("dissect.target.filesystem").VirtualFilesystem()
    filesystem.map_file("u_ex.log", path)
    target = MagicMock(tzinfo=UTC, hostname="bench", domain=None)
    return sum(1 for _ in plugin.parse_w3c_format_log(target, filesystem.path("u_ex.log")))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "dissect":
        sys.exit((__doc__ or "").strip())
    print(dissect(sys.argv[2]))
