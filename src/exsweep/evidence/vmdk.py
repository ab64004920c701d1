"""The small text that says of which files a VMDK disk is made; nothing in it is followed.

Source: "Virtual Disk Format 1.1" of VMware, sections "The Descriptor File" and "Extent Description"; tested with what
qemu-img writes.
"""

import re

_BEGINS = b"# Disk DescriptorFile"
_EXTENT = re.compile(rb'(?m)^RW (\d{1,12}) (SPARSE|FLAT|VMFS) "[^"\r\n]*?(-[sf]\d{3}|-flat)\.vmdk"')
_ANY_EXTENT = re.compile(rb"(?m)^(?:RW|RDONLY|NOACCESS) \d+ [A-Z]+")
_PARENT = re.compile(rb"(?m)^parentCID=([0-9a-fA-F]{1,8})\s*$")
_NOBODY = b"ffffffff"


def is_descriptor(head: bytes) -> bool:
    """Is it the text that names the files of a virtual disk?"""
    return head.startswith(_BEGINS)


def rests_on_another(text: bytes) -> bool:
    """The disk is a snapshot: what it does not hold stands in another one."""
    return any(found.lower() != _NOBODY for found in _PARENT.findall(text))


def extents_of(text: bytes) -> list[tuple[str, int, str]]:
    """Kind (`SPARSE` or `FLAT`), sectors of 512 bytes and ending of the name of each part.

    A part of another kind, or with a name of another form, is there without an ending: it will not be found.
    """
    known = {found.start(): found for found in _EXTENT.finditer(text)}
    parts = []
    for line in _ANY_EXTENT.finditer(text):
        found = known.get(line.start())
        if found is None:
            parts.append(("OTHER", 0, "?"))
        else:
            kind = "SPARSE" if found[2] == b"SPARSE" else "FLAT"
            parts.append((kind, int(found[1]), found[3].decode()))
    return parts
