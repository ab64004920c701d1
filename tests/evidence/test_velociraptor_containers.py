"""H16: collections that Velociraptor locked for the key of its server open with that key, and say what is needed without it.

The containers are made here as its source says (a locked data.zip, metadata.json beside it); none of its own was at hand.
"""

import base64
import json
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from exsweep.evidence import EvidenceReadError, open_evidence, sources
from exsweep.model import SourceState
from tests.evidence.build import Read, zip_of

pytest.importorskip("Cryptodome", reason="the extra exsweep[archives] is not installed")
PROGRAM = shutil.which("7z") or shutil.which("7za") or shutil.which("7zz") or ""
pytestmark = pytest.mark.skipif(not PROGRAM, reason="7z (Debian: 7zip or p7zip-full) is not installed")

PASSWORD = b"made-up-by-the-collector"
NAME = "uploads/auto/C%3A/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"
LOG = b"#Fields: date time cs-uri-stem\n2021-03-03 04:00:00 /owa/\n"


@cache
def key(_: int = 0) -> Any:
    from Cryptodome.PublicKey import RSA

    return RSA.generate(2048)


def encrypted(password: bytes = PASSWORD) -> str:
    from Cryptodome.Cipher import PKCS1_OAEP
    from Cryptodome.Hash import SHA512

    return base64.b64encode(PKCS1_OAEP.new(key().publickey(), hashAlgo=SHA512).encrypt(password)).decode()


def container(folder: Path, metadata: object) -> Path:
    inner, path = folder / "data.zip", folder / "Collection-EXCH01.zip"
    inner.write_bytes(zip_of([(NAME, LOG)]))
    command = [PROGRAM, "a", "-bd", "-tzip", "-mem=AES256", f"-p{PASSWORD.decode()}", str(path), "data.zip"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    inner.unlink()
    with zipfile.ZipFile(path, "a") as box:
        box.writestr("metadata.json", metadata if isinstance(metadata, str) else json.dumps(metadata))
    return path


def read(path: Path, *given: bytes) -> dict[str, Read]:
    found = {}
    for unit in open_evidence([path]).units:
        for source in sources(unit, passwords=given):
            try:
                found[source.path] = Read(
                    b"".join(source.chunks()), source.state, source.reason, source.notes
                )
            except EvidenceReadError as error:
                found[source.path] = Read(b"", error.state, error.reason, source.notes)
    return found


def x509() -> list[dict[str, str]]:
    return [{"EncryptedPass": encrypted(), "Scheme": "X509", "PublicKey": "..."}]


def test_the_key_of_the_server_opens_what_was_locked_for_it(tmp_path: Path) -> None:
    path = container(tmp_path, x509())
    found = read(path, key().export_key())
    log = found["data.zip/uploads/auto/C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"]
    assert log.whole and log.data == LOG


def test_metadata_of_a_row_a_line_and_keys_in_pkcs8_are_read_too(tmp_path: Path) -> None:
    path = container(tmp_path, "\n".join(["not json", *map(json.dumps, [{"Other": 1}, *x509()])]))
    assert LOG in [one.data for one in read(path, key().export_key(pkcs=8)).values()]


def test_its_password_opens_it_as_well(tmp_path: Path) -> None:
    path = container(tmp_path, x509())
    assert LOG in [one.data for one in read(path, b"other", PASSWORD).values()]


def test_h16_without_the_key_the_words_say_which_one_is_needed(tmp_path: Path) -> None:
    path = container(tmp_path, x509())
    one = read(path)["data.zip"]
    assert one.state is SourceState.ENCRYPTED
    assert "--key server.config.yaml" in one.reason


def test_h16_another_key_is_told_as_such(tmp_path: Path) -> None:
    from Cryptodome.PublicKey import RSA

    one = read(container(tmp_path, x509()), RSA.generate(2048).export_key())["data.zip"]
    assert one.state is SourceState.ENCRYPTED
    assert "another key" in one.reason


def test_h16_a_container_for_pgp_says_how_it_opens(tmp_path: Path) -> None:
    one = read(container(tmp_path, [{"Scheme": "PGP", "EncryptedPass": "x"}]))["data.zip"]
    assert one.state is SourceState.ENCRYPTED
    assert "gpg" in one.reason


@pytest.mark.parametrize(
    "metadata",
    [
        "[" * 50_000,
        '[{"Scheme": "X509", "EncryptedPass": 7}]',
        '[{"Scheme": ["X509"], "EncryptedPass": "AAAA"}, 3, null]',
        '[{"Scheme": "X509", "EncryptedPass": "!!!"}]',
        "",
    ],
)
def test_metadata_that_lies_is_no_error(tmp_path: Path, metadata: str) -> None:
    assert read(container(tmp_path, metadata), key().export_key())["data.zip"].state is SourceState.ENCRYPTED


def test_the_key_is_found_in_the_servers_configuration(tmp_path: Path) -> None:
    from exsweep.cli.unlocking import secrets

    indented = "\n".join("    " + line for line in key().export_key().decode().splitlines())
    config = tmp_path / "server.config.yaml"
    config.write_text(f"Frontend:\n  certificate: |\n    ...\n  private_key: |\n{indented}\nGUI: {{}}\n")
    assert LOG in [
        one.data for one in read(container(tmp_path, x509()), *secrets(None, False, (config,))).values()
    ]


def test_a_file_without_a_key_or_with_a_locked_one_is_refused_in_words(tmp_path: Path) -> None:
    from exsweep.cli.unlocking import secrets
    from exsweep.errors import UsageError

    file = tmp_path / "key.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(UsageError, match="no private key"):
        secrets(None, False, (file,))
    file.write_bytes(key().export_key(passphrase="x"))
    with pytest.raises(UsageError, match="passphrase"):
        secrets(None, False, (file,))
