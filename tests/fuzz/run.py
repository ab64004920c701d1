"""Fuzz one target, or all of them, with Atheris (Linux; dependency group `fuzz`).

    python -m tests.fuzz.run [TARGET ...] [--seconds 12] [--corpus build/fuzz]

The corpus starts from seeds made by code and grows in the folder; a finding is written to `<corpus>/<target>-crash-...` and
ends with exit code 1. Give the folder again to go on where an earlier run stopped; `--seconds 3600` for a night.
"""

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

MOST_BYTES = 16_384


def fuzz(name: str, corpus: Path, seconds: int) -> int:
    """One target in a process of its own: libFuzzer ends the process."""
    from tests.fuzz.targets import seeds

    folder = corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    for data in seeds(name):
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data[: 4 * MOST_BYTES])
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.run",
        "--inside",
        name,
        str(folder),
        f"-max_total_time={seconds}",
    ]
    command += [
        f"-artifact_prefix={corpus / name}-",
        f"-max_len={4 * MOST_BYTES}",
        "-timeout=20",
        "-rss_limit_mb=2048",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    runs = [line for line in done.stderr.splitlines() if line.startswith(("Done ", "stat::"))]
    print(f"{name}: {'; '.join(runs) or 'ended early'}, exit {done.returncode}", flush=True)
    if done.returncode:
        print(done.stdout[-1500:] + done.stderr[-2500:], flush=True)
    return done.returncode


def inside(name: str, arguments: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["exsweep.parse", "exsweep.evidence", "exsweep.detect.webshell"]):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


def main() -> None:
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2], sys.argv[3:])
        return
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", help=f"of: {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=12, help="for each target")
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz"))
    asked = parser.parse_args()
    failed = [name for name in asked.targets or TARGETS if fuzz(name, asked.corpus, asked.seconds)]
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
