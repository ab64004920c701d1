"""What holds for each export format, present and future."""

import builtins
import socket
import time

import msgspec
import pytest

from exsweep.export import EXPORTERS, Exporter
from exsweep.model import Assessment, Run, decode
from tests.export.samples import SAMPLES

every_exporter = pytest.mark.parametrize("exporter", EXPORTERS.values(), ids=list(EXPORTERS))
every_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))


def test_the_command_line_finds_five_formats_by_their_names() -> None:
    assert list(EXPORTERS) == ["html", "json", "csv", "timesketch", "stix"]


def test_no_two_formats_write_the_same_file() -> None:
    names = [exporter.file_name for exporter in EXPORTERS.values()]
    assert len(set(names)) == len(names)


@every_exporter
def test_a_format_says_what_it_is_for(exporter: Exporter) -> None:
    assert exporter.title
    assert "/" in exporter.media_type
    assert exporter.file_name == exporter.file_name.lower()


@every_exporter
@every_sample
def test_the_same_assessment_gives_the_same_bytes(exporter: Exporter, sample: object) -> None:
    assert callable(sample)
    assert exporter.export(sample()) == exporter.export(sample())


@pytest.mark.parametrize("name", ["csv", "timesketch", "stix"])
def test_another_run_over_the_same_evidence_gives_the_same_file(name: str) -> None:
    first = SAMPLES["school_in_use"]()
    second = msgspec.structs.replace(first, run=Run(version="9", knowledge="other", host="elsewhere"))
    assert EXPORTERS[name].export(first) == EXPORTERS[name].export(second)


@every_exporter
def test_an_export_opens_no_file_and_no_socket_and_reads_no_clock(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assessment = SAMPLES["hostile"]()
    exporter.export(assessment)  # imports and templates are loaded once

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an export went outside")

    with monkeypatch.context() as patched:
        patched.setattr(builtins, "open", refuse)
        patched.setattr(socket, "socket", refuse)
        patched.setattr(time, "time", refuse)
        exporter.export(assessment)


@every_sample
def test_json_reads_back_to_the_same_assessment(sample: object) -> None:
    assert callable(sample)
    assessment = sample()
    assert isinstance(assessment, Assessment)
    assert decode(EXPORTERS["json"].export(assessment)) == assessment


@pytest.mark.parametrize("name", ["csv", "timesketch", "stix"])
@every_sample
def test_the_golden_files_still_hold(name: str, sample: object, golden: object) -> None:
    assert callable(sample)
    assert callable(golden)
    whole = sample()
    if sample is SAMPLES["hostile"]:  # one of each is enough to read in a diff
        whole = msgspec.structs.replace(
            whole, findings=whole.findings[:1], timeline=whole.timeline[:1], chains=whole.chains[:1]
        )
    golden(f"{sample.__name__}.{EXPORTERS[name].file_name}", EXPORTERS[name].export(whole))
