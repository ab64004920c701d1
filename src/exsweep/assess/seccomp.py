"""Linux' seccomp: system calls that nobody who only reads evidence needs fail from here on, and never come back.

Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux, read 2026-11-20.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _ALL_THREADS = 1, 1

# For each machine: audit number, number of `seccomp` itself, ...
_MACHINES = {"x86_64": (0xC000003E, 317), "aarch64": (0xC00000B7, 277)}
_X32 = 0x40000000
"""Calls of the x32 ABI begin here: a second way to everything."""

# ... and the calls that are refused, by what they would let a process do: (x86_64, aarch64), None where it has none.
_REFUSED: dict[str, tuple[tuple[int | None, int | None], ...]] = {
    "network": (
        *(
            (41, 198),
            (42, 203),
            (43, 202),
            (288, 242),
            (49, 200),
            (50, 201),
            (53, 199),
        ),  # socket .. socketpair
        *((44, 206), (46, 211), (307, 269)),  # sendto, sendmsg, sendmmsg
        *((425, 425), (426, 426), (427, 427)),  # io_uring, which can do all of it
    ),
    "processes": (
        *((57, None), (58, None), (59, 221), (322, 281)),  # fork, vfork, execve, execveat
        *((101, 117), (310, 270), (311, 271), (438, 438)),  # ptrace, process_vm_*, pidfd_getfd
        *((62, 129), (200, 130), (129, 138), (297, 240), (424, 424)),  # signals to others
    ),
    "attributes": (
        *((90, None), (91, 52), (268, 53), (452, 452)),  # chmod
        *((92, None), (93, 55), (94, None), (260, 54)),  # chown
        *((132, None), (235, None), (261, None), (280, 88)),  # times
        *((188, 5), (189, 6), (190, 7), (197, 14), (198, 15), (199, 16)),  # extended attributes
        *((133, None), (259, 33), (86, None), (265, 37), (88, None), (266, 36)),  # nodes and links
    ),
    "system": (
        *((165, 40), (166, 39), (155, 41), (161, 51), (272, 97), (308, 268)),  # mounts, roots, namespaces
        *((428, 428), (429, 429), (430, 430), (432, 432), (442, 442), (304, 265)),
        *((175, 105), (313, 273), (176, 106), (246, 104), (320, 294), (169, 142)),  # modules, kexec, reboot
        *((167, 224), (168, 225), (163, 89), (179, 60), (135, 92), (170, 161), (171, 162)),
        *((164, 170), (227, 112), (159, 171), (305, 266)),  # the clock
        *(
            (321, 280),
            (298, 241),
            (323, 282),
            (248, 217),
            (249, 218),
            (250, 219),
        ),  # bpf, perf, userfaultfd, keys
    ),
}
_CLONE, _CLONE3, _TGKILL = (56, 220), 435, (234, 131)
_THREAD = 0x00010000
"""CLONE_THREAD: a thread of this process, which is allowed; a new process is not."""

_ALLOW = 0x7FFF0000
_FAIL = 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _FIRST_ARGUMENT = 0, 4, 16


def refuse() -> str:
    """No sockets, no programs or processes, no change of modes, owners or times. Cannot be undone.

    Returns what now holds, in words, or nothing where the system cannot do it.
    """
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in _MACHINES or sys.maxsize < 1 << 32:
        return ""
    program = _program(machine)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        return ""
    code = ctypes.create_string_buffer(program, len(program))
    filters = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    call = _MACHINES[machine][1]
    if libc.syscall(call, _SET_MODE_FILTER, ctypes.c_uint(_ALL_THREADS), filters):
        return ""
    return "no network, starts no program, changes no file's mode, owner or times (seccomp)"


def _program(machine: str) -> bytes:
    """Classic BPF: eight bytes per instruction (code, jump if true, jump if false, value)."""
    which = list(_MACHINES).index(machine)
    denied = sorted({pair[which] for group in _REFUSED.values() for pair in group} - {None}, key=int)  # type: ignore[arg-type]
    refuse_it = (_RETURN, 0, 0, _FAIL | errno.EPERM)
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _MACHINES[machine][0]),
        refuse_it,
        (_LOAD, 0, 0, _NR),
        (_AT_LEAST, 0, 1, _X32),
        refuse_it,
    ]
    for number in denied:
        code += [(_EQUAL, 0, 1, int(number or 0)), refuse_it]
    code += [
        # glibc falls back to `clone`, whose flags a filter can see.
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _FAIL | errno.ENOSYS),
        (_EQUAL, 0, 3, _CLONE[which]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 4, 0, _THREAD),
        refuse_it,
        # A process may end itself (`abort`), and nobody else.
        (_EQUAL, 0, 2, _TGKILL[which]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 0, 1, os.getpid()),
        (_RETURN, 0, 0, _ALLOW),
        refuse_it,
    ]
    return b"".join(struct.pack("=HBBI", *one) for one in code)
