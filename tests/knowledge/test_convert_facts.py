"""The tables are made from the collected facts, and only from them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from exsweep.knowledge.data_files import ROOT

TOOL = Path(__file__).resolve().parents[2] / "tools" / "convert_facts.py"


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("convert_facts", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_running_the_converter_again_changes_nothing(tool: ModuleType, shared_facts: Path) -> None:
    for name, text in tool.convert(shared_facts).items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, name


def test_every_text_log_signature_of_the_facts_has_its_rule(shared_facts: Path) -> None:
    ids = [
        line.removeprefix("- id: ").strip()
        for line in (shared_facts / "log_signatures.yaml").read_text().split("\n")
        if line.startswith("- id: ")
    ]
    rules = {path.stem for path in (ROOT / "rules").rglob("*.yml")}
    assert len(ids) == 69
    assert set(ids) - rules == set()
