"""The list of shipped files is made by a script, and is what the script makes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "convert_baselines.py"


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("convert_baselines", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("\\ClientAccess\\owa\\x.aspx", "ClientAccess\\owa\\x.aspx"),
        ("FrontEnd\\HttpProxy\\owa\\x.aspx", "FrontEnd\\HttpProxy\\owa\\x.aspx"),
        ("owa\\prem\\version\\x.js", "ClientAccess\\owa\\prem\\version\\x.js"),
        ("\\ClientAccess\\ecp\\Version\\x.js", "ClientAccess\\ecp\\version\\x.js"),
        ("ecp\\15.1.2106.2\\x.js", "ClientAccess\\ecp\\version\\x.js"),
    ],
)
def test_paths_get_one_spelling(tool: ModuleType, path: str, relative: str) -> None:
    assert tool.relative(path) == relative


@pytest.mark.long
def test_the_list_is_what_the_script_makes(tool: ModuleType, shared_facts: Path, shared_data: Path) -> None:
    made = tool.convert(shared_facts, shared_data)
    assert made == tool.TARGET.read_bytes()
    assert len(made) < 4 << 20
