"""H15, H16: members locked with a password and deflate64, read with archives that other programs wrote."""

import base64
from pathlib import Path

import pytest

from exsweep.evidence import EvidenceReadError, open_evidence, sources
from exsweep.evidence.zip_locks import Keys
from exsweep.model import SourceState
from tests.evidence.build import Read, only, read_bytes, zip_of, zip_with

CONTENT = b"a line of a log\n" * 40
PASSWORD = b"infected"
# pyzipper 0.4.0, AES-256 and AES-128 (AE-2, deflate); Info-ZIP 3.0, traditional encryption, size known and streamed.
AES_256 = (
    "UEsDBBQAAQBjAHt7dF0AAAAANQAAAIACAAAFAAsAeC5sb2cBmQcAAgBBRQMIAJX2X54SiWp/XVD50nQ74WnCSG2P8FRx0gvWJzAqE8aQhhItEoYY"
    "Q/+1Wb9EnxiMBKeF/v0YUEsBAhQDFAABAGMAe3t0XQAAAAA1AAAAgAIAAAUACwAAAAAAAAAAAIABAAAAAHgubG9nAZkHAAIAQUUDCABQSwUGAAAA"
    "AAEAAQA+AAAAYwAAAAAA"
)
AES_128 = (
    "UEsDBBQAAQBjAHt7dF0AAAAALQAAAIACAAAFAAsAeC5sb2cBmQcAAgBBRQEIALs5QcRz+QJScAmd0CeYX3TljhLQGCXcRgY/QCTwOTkA5QdzlcydI4"
    "bHUsf/alBLAQIUAxQAAQBjAHt7dF0AAAAALQAAAIACAAAFAAsAAAAAAAAAAACAAQAAAAB4LmxvZwGZBwACAEFFAQgAUEsFBgAAAAABAAEAPgAAAFsA"
    "AAAAAA=="
)
OLD = (
    "UEsDBBQACQAIAEshY1JIQo78JQAAAIACAAAFAAAAeC5sb2cYMu9qx7a5OMuGtSTQpSPXpWREUhuwCTic0z08lufYWEnwkWTuUEsHCEhCjvwlAAAAgAIA"
    "AFBLAQIeAxQACQAIAEshY1JIQo78JQAAAIACAAAFAAAAAAAAAAEAAACkgQAAAAB4LmxvZ1BLBQYAAAAAAQABADMAAABYAAAAAAA="
)
DEFLATE64 = (
    "BcGxDQBACAOxnilutRSAXorI/t3bwu+aDMLZEn7XZBDOlvC7JoNwtoTfNRmEsyX8rskgnC3hd00G4WwJv2syCGdL+F2TQThbwu+aDMLZEn7XZBDOlvC7"
    "JoNwtoTfNRmEsyX8rskgnC3hd00G4WwJv2syCGdL+F2TQThbwu+aDMLZEn7XZBDOlvC7JoNwtoTfNRmEsyX8rskgnC3hd00G4WwJv2syCGdL+F2TQThb"
    "wu+aDMLZEn7XZBDOlvC7JoNwtoTfNRmEsyX8rskgnC3hd00G4WwJv2syCGdL+F2TQThbwu+aDMLZEn7XZBDOlvC7JoNwtoTfNRmEsyX8rskgnC3hd00G"
    "4WwJv2syCGdL+F2TQThbHw=="
)


def read_locked(folder: Path, data: bytes, *passwords: bytes) -> list[Read]:
    path = folder / "a.zip"
    path.write_bytes(data)
    out = []
    for unit in open_evidence([path]).units:
        for source in sources(unit, passwords=passwords):
            try:
                got = b"".join(source.chunks())
                out.append(Read(got, source.state, source.reason, source.notes))
            except EvidenceReadError as error:
                out.append(Read(b"", error.state, error.reason, source.notes))
    return out


def aes() -> None:
    pytest.importorskip("Cryptodome", reason="the extra exsweep[archives] is not installed")


@pytest.mark.hostile
@pytest.mark.parametrize("archive", [AES_256, AES_128, OLD], ids=["aes256", "aes128", "zipcrypto"])
def test_h16_the_right_password_opens_what_other_programs_locked(tmp_path: Path, archive: str) -> None:
    if archive is not OLD:
        aes()
    (read,) = read_locked(tmp_path, base64.b64decode(archive), b"wrong", PASSWORD)
    assert (read.data, read.state) == (CONTENT, SourceState.READ)


@pytest.mark.hostile
@pytest.mark.parametrize("archive", [AES_256, OLD], ids=["aes256", "zipcrypto"])
def test_h16_without_the_right_password_it_is_encrypted_and_says_so(tmp_path: Path, archive: str) -> None:
    raw = base64.b64decode(archive)
    (read,) = read_locked(tmp_path, raw)
    assert (read.data, read.state) == (b"", SourceState.ENCRYPTED)
    assert "give its password" in read.reason
    (read,) = read_locked(tmp_path, raw, b"another one")
    assert read.state is SourceState.ENCRYPTED
    assert "another one" not in read.reason


@pytest.mark.hostile
def test_h16_a_changed_byte_behind_the_lock_breaks_its_seal(tmp_path: Path) -> None:
    aes()
    raw = bytearray(base64.b64decode(AES_256))
    raw[75] ^= 1
    (read,) = read_locked(tmp_path, bytes(raw), PASSWORD)
    assert read.state is SourceState.PARTIAL


@pytest.mark.hostile
def test_h16_a_locked_archive_inside_an_archive_opens_too(tmp_path: Path) -> None:
    """As Velociraptor packs an encrypted collection: account in clear, data locked."""
    aes()
    outer = zip_of([("metadata.json", b"{}"), ("data.zip", base64.b64decode(AES_256))])
    reads = read_locked(tmp_path, outer, PASSWORD)
    assert [read.data for read in reads] == [b"{}", CONTENT]


def test_keys_depend_on_every_byte_of_the_password():
    assert len({Keys(word).decrypt(bytes(8)) for word in (b"", b"a", b"b", b"ab", b"ba")}) == 5


@pytest.mark.hostile
def test_h15_deflate64_as_windows_writes_it(tmp_path: Path) -> None:
    import zlib

    raw = zip_with(9, CONTENT, base64.b64decode(DEFLATE64), zlib.crc32(CONTENT))
    read = only(read_bytes(tmp_path, "e.zip", raw), "f.log")
    try:
        import inflate64  # noqa: F401 - whether it is there
    except ImportError:
        assert read.state is SourceState.UNREADABLE
        assert "deflate64" in read.reason and "exsweep[archives]" in read.reason
        return
    assert (read.data, read.state) == (CONTENT, SourceState.READ)
    cut = zip_with(9, CONTENT, base64.b64decode(DEFLATE64)[:100], zlib.crc32(CONTENT))
    assert only(read_bytes(tmp_path, "c.zip", cut), "f.log").state is SourceState.PARTIAL
