"""What a worker gives up before it reads evidence: network, programs, files that are not its own, memory without end.

Each measure is taken where the platform has it; where one is missing the others still hold. What holds is said in
words, see docs/explanation/jail.md.
"""

import contextlib
import ctypes
import os
import stat
import struct
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from exsweep.assess import landlock, seccomp

if sys.platform != "win32":  # there the supervisor's limits have to do
    import resource

MEMORY_BYTES = 1536 << 20
"""What reading may take beyond what a worker has at its start; a corrupt size field asks for 14 GB (evtx, issue 291)."""
_RESERVED_BYTES = 2 << 30
"""On top of that in the kernel's count: allocators take address space that they never fill (mimalloc 1 GiB, measured
1.4 GiB for 270 MiB in use). The supervisor watches what is really in use."""
_FILE_BYTES = 64 << 30
_OPEN_FILES = 256
_SYSTEM = (
    *("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/localtime"),
    *("/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/sys/devices/system/cpu", "/proc/meminfo"),
    *(
        "/proc/self",
        "/sys/fs/cgroup",
    ),  # DuckDB 2 looks for its share of the machine, and aborts where it may not
)
"""What the interpreter and its libraries may load or ask late."""
_DIES_WITH_PARENT = 1
_KILL = 9
_DROP_BOUNDING = 24
_CAPABILITIES_V3 = 0x20080522
_KEPT = (1 << 1) | (1 << 2) | (1 << 3)
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER: root reads everybody's evidence, without touching access times."""


class Jail(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker may still reach."""

    readable: tuple[str, ...] = ()
    """Evidence: files, or folders with all below them. Python and this program are added."""
    writable: tuple[str, ...] = ()
    """Folders in which it may write regular files."""
    temporary: str = ""
    """Folder for spooled archives; it is writable too."""
    memory_bytes: int = MEMORY_BYTES


def confine(jail: Jail, keep: Sequence[int] = ()) -> tuple[str, ...]:
    """Go into the jail; there is no way out. Returns in words what holds from now on.

    `keep` are the descriptors in use besides the standard ones; other open files, folders and sockets are closed.
    """
    _close_others(keep)
    active = [*_limits(jail)]
    if jail.temporary:
        tempfile.tempdir = jail.temporary
    if sys.platform.startswith("linux"):
        _drop_privileges()
        with contextlib.suppress(OSError):
            # Held open for good: the kernel may otherwise forget this folder, and with it that it may be read.
            os.open("/proc/self", os.O_PATH)
    active.append(
        landlock.restrict(
            (*jail.readable, *_program_folders(), *_SYSTEM), (*jail.writable, *filter(None, [jail.temporary]))
        )
    )
    active.append(seccomp.refuse())
    return tuple(filter(None, active))


def die_with_parent(parent: int) -> None:
    """Linux: killed when the supervisor is; elsewhere the closed pipe ends a worker after its task."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, _KILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def resident_bytes(process: int) -> int:
    """Memory that another process has in use now; 0 where that cannot be known."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0
    # Shared pages are the program itself and what was forked: they cost nobody anything.
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE") if len(pages) > 2 else 0


def busy_seconds(process: int) -> float | None:
    """Processor time that another process has used up; None where that cannot be known."""
    try:
        fields = (
            Path(f"/proc/{process}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _limits(jail: Jail) -> list[str]:
    if sys.platform == "win32":
        return []
    active: list[str] = []
    wanted = [
        (resource.RLIMIT_CORE, 0, "no core dumps"),
        (resource.RLIMIT_FSIZE, _FILE_BYTES, f"files up to {_FILE_BYTES >> 30} GiB"),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, f"{_OPEN_FILES} open files"),
    ]
    if sys.platform.startswith("linux"):
        memory = _data_bytes() + jail.memory_bytes + _RESERVED_BYTES
        wanted.append((resource.RLIMIT_DATA, memory, f"{jail.memory_bytes >> 20} MiB of memory"))
    for what, value, words in wanted:
        _, hard = resource.getrlimit(what)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(OSError, ValueError):  # a platform that has the name but not the limit
            resource.setrlimit(what, (value, value))
            active.append(words)
    return ["limits: " + ", ".join(active)] if active else []


def _data_bytes() -> int:
    """Private writable memory of this process, which is what RLIMIT_DATA counts (getrlimit(2), since Linux 4.7)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * os.sysconf(
            "SC_PAGE_SIZE"
        )
    return 0


def _drop_privileges() -> None:
    """Root keeps only what reading everybody's files needs; others have nothing to lose."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        if not _KEPT >> capability & 1 and libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0):
            break
    header, data = struct.pack("=Ii", _CAPABILITIES_V3, 0), ctypes.create_string_buffer(24)
    if libc.capget(header, data):
        return
    low = struct.unpack("=6I", data.raw)
    left = struct.pack("=6I", low[0] & _KEPT, low[1] & _KEPT, 0, 0, 0, 0)
    libc.capset(header, left)


def _close_others(keep: Sequence[int]) -> None:
    """Descriptors that came from the supervisor: locks, other workers' pipes."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208 - numbers, not paths
    except OSError:
        return
    for number in numbers:
        with contextlib.suppress(OSError):
            mode = os.fstat(number).st_mode
            ours = number > 2 and number not in keep
            # Pipes are how the supervisor learns of our end.
            if ours and (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISSOCK(mode)):
                os.close(number)


def _program_folders() -> tuple[str, ...]:
    own = str(Path(__file__).resolve().parents[1])
    places = {sys.prefix, sys.base_prefix, own, *sysconfig.get_paths().values(), *filter(None, sys.path)}
    return tuple(sorted(place for place in places if place not in ("/", "")))
