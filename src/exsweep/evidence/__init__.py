"""Openers and custody: whatever holds the evidence is read in place, in order, once, and never changed."""

from exsweep.evidence import compressed, disk_image, foreign, sevenzip, tar_opener, unread, zip_opener
from exsweep.evidence.opener import Opener, openers
from exsweep.evidence.opening import DEFAULTS, open_evidence, sources
from exsweep.evidence.records import Budgets, EvidenceReadError, Opened, Place, TarMember, Unit, ZipMember
from exsweep.evidence.source import CHUNK, Source, seal
from exsweep.evidence.split import all_parts

_REGISTERED = (compressed, disk_image, foreign, sevenzip, tar_opener, unread, zip_opener)

__all__ = [
    "CHUNK",
    "DEFAULTS",
    "Budgets",
    "EvidenceReadError",
    "Opened",
    "Opener",
    "Place",
    "Source",
    "TarMember",
    "Unit",
    "ZipMember",
    "all_parts",
    "open_evidence",
    "openers",
    "seal",
    "sources",
]
