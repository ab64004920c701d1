"""What the file system itself remembers: the file table ($MFT) and the journal of changes ($UsnJrnl)."""

from exsweep.parse.filesystem.folders import Folders
from exsweep.parse.filesystem.mft import MftReader, is_mft
from exsweep.parse.filesystem.usn import UsnReader, is_usn, may_be_usn

__all__ = ["Folders", "MftReader", "UsnReader", "is_mft", "is_usn", "may_be_usn"]
