"""Files of a sending laid out under names that every system can hold; the bytes are those that were received."""

import contextlib
import os
import shutil
from pathlib import Path

from exsweep.errors import EvidenceError, StoreError
from exsweep.fleet.store import Fleet
from exsweep.web.evidence import blob, sending
from exsweep.web.names import places


def laid_out(fleet: Fleet, folder: Path, public_id: str, below: Path, *, only: str | None = None) -> Path:
    """Lay them out below a folder, as links where the disk can; returns what is to be read.

    `only`: what lies at this logical path, or around it, is enough; where no file does, all are laid out.

    Raises:
        EvidenceError: nothing of it is here.
        StoreError: the disk refuses.
    """
    files = [each for each in sending(fleet, public_id).files if each.state == "received"]
    if not files:
        raise EvidenceError("Nothing that was sent is here.", tip="Send the files again.")
    tenant = fleet.database.number("SELECT tenant_id FROM sending WHERE public_id = ?", (public_id,))
    spots = places(each.name for each in files)
    pairs = list(zip(files, spots, strict=True))
    near = [pair for pair in pairs if only is not None and _holds(str(pair[1]), only)]
    try:
        for each, spot in near or pairs:
            target = below / spot
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source = blob(folder, tenant, each.sha256 or "")
            with contextlib.suppress(OSError):
                os.link(source, target)
                continue
            write = target.with_name(f".{target.name}.tmp")
            shutil.copyfile(source, write)
            write.replace(target)
    except OSError as error:
        raise StoreError(f"Evidence cannot be laid out: {error}.", tip="Free space there.") from error
    return below / spots[0] if len(files) == 1 else below


def _holds(spot: str, path: str) -> bool:
    return spot == path or path.startswith(f"{spot}/")
