"""What the bench measures is what the command and its children used."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

MEASURE = Path(__file__).resolve().parents[2] / "bench" / "measure.py"

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the bench reads /proc")


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_measure", MEASURE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_measure"] = module
    spec.loader.exec_module(module)
    return module


def test_output_and_exit_code_are_those_of_the_command(bench: ModuleType) -> None:
    measured = bench.measure([sys.executable, "-c", "print('found'); raise SystemExit(3)"])
    assert (measured.code, measured.output) == (3, "found")


def test_memory_of_a_child_process_counts(bench: ModuleType) -> None:
    child = "import time; held = bytearray(150_000_000); time.sleep(0.4)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    measured = bench.measure([sys.executable, "-c", parent])
    assert measured.peak_mib > 140
    assert measured.tree_mib >= measured.peak_mib


def test_cpu_time_of_a_child_process_counts(bench: ModuleType) -> None:
    child = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    assert bench.measure([sys.executable, "-c", parent]).cpu_s >= 0.3
