"""What names every file of the evidence is written in pieces, and reads back as the same."""

import msgspec
import pytest

from exsweep.assess import manifest
from exsweep.assess.gather import Gathered
from exsweep.model import Assessment, SourceReport, codec, decode, encode


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_an_assessment_in_pieces_is_the_same_text(
    assessment: Assessment, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(codec, "_ITEMS", size)
    few = msgspec.structs.replace(assessment, custody=assessment.custody[:40])
    for one in (few, msgspec.structs.replace(few, custody=())):
        whole = msgspec.json.Encoder(order="deterministic").encode(one)
        assert encode(one) == msgspec.json.format(whole, indent=2) + b"\n"
        assert decode(encode(one)) == one


@pytest.mark.parametrize("count", [0, 1, 3, 7])
def test_the_list_of_saved_events_is_read_as_it_was_written(tmp_path, monkeypatch, count: int) -> None:
    monkeypatch.setattr(manifest, "_ITEMS", 3)
    sources = tuple(
        SourceReport(path=f"a/{n}.log", kind="iis_w3c", size=n, sha256="0" * 64) for n in range(count)
    )
    kept = Gathered(sources=sources, hits=(), described=("one", '"gathered":{"sources":[]'))
    manifest.write_manifest(tmp_path, kept)
    assert manifest.read_manifest(tmp_path).gathered == kept
