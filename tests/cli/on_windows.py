"""Runs a triage as if this were Windows: no fork, no `resource`, no `fcntl`, no hyperscan; output in an old code page.

    python -m tests.cli.on_windows triage EVIDENCE --out DIR

Only what exsweep itself asks of the platform is made up: Python's own modules and those of others are loaded before.
"""

import os
import sys
import sysconfig
import types
from importlib import import_module

GONE = ("fcntl", "resource", "pwd", "grp", "hyperscan")
WITHOUT = (
    "fork",
    "O_NOFOLLOW",
    "O_NOATIME",
    "O_CLOEXEC",
    "fdatasync",
    "getuid",
    "geteuid",
    "SEEK_DATA",
)


LOADED = (
    "asyncio",
    "concurrent.futures.process",
    "multiprocessing.spawn",
    "multiprocessing.connection",
    "sqlite3",
    "tempfile",
    "dissect.util.compression.lzxpress_huffman",
    "duckdb",
    "numpy.ma",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "sigma.collection",
    "stix2",
    "yara_x",
    "exsweep.cli.triage",
)


def main() -> None:
    for name in LOADED:
        import_module(name)
    sysconfig.get_config_vars()
    for name in [name for name in sys.modules if name.partition(".")[0] == "exsweep"]:
        del sys.modules[name]
    for name in GONE:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in WITHOUT:
        if hasattr(os, name):
            delattr(os, name)
    sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda file, how, size: None)  # type: ignore[assignment]
    sys.platform = "win32"
    from exsweep.cli import main as run

    run(sys.argv[1:])


if __name__ == "__main__":
    main()
