"""What hostile sizes cost: a 10 GB log, a million small files, a 1 TiB sparse file, a 1000:1 bomb.

    python bench/hostile.py [sparse] [bomb] [files] [zipped] [pages] [log] [--folder DIR] [--scale 1.0]

Each is made, judged by the command line in a fresh process, and removed. Prints one JSON line for each: seconds, CPU
seconds, peak memory of the biggest process, the gaps that were named. `bench/hostile.md` holds the figures and the machine.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

FIELDS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken"
)
HEAD = f"#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: {FIELDS}\n".encode()
STEMS = (
    "/owa/",
    "/Microsoft-Server-ActiveSync/default.eas",
    "/EWS/Exchange.asmx",
    "/mapi/emsmdb/",
    "/rpc/rpcproxy.dll",
)


def rows(count: int, seed: int, day: int = 3) -> bytes:
    """Ordinary requests in the order of time over one day."""
    dice = random.Random(seed)
    return b"".join(
        b"2021-03-%02d %02d:%02d:%02d 10.0.0.5 %s %s - 443 corp\\user%d 198.51.%d.%d Mozilla/5.0+(Windows+NT+10.0) - %d 0 0 %d\n"
        % (
            day,
            n * 86_399 // count // 3600,
            n * 86_399 // count // 60 % 60,
            n * 86_399 // count % 60,
            dice.choice((b"GET", b"POST")),
            dice.choice(STEMS).encode(),
            dice.randrange(800),
            dice.randrange(250),
            dice.randrange(250),
            dice.choice((200, 200, 302, 401)),
            dice.randrange(3, 5_000),
        )
        for n in range(count)
    )


def log(folder: Path, scale: float) -> str:
    """One log file, days one after the other from a block that repeats."""
    size = int(10e9 * scale)
    blocks = [rows(100_000, day, day) for day in range(1, 29)]
    path = folder / "u_ex210301.log"
    with path.open("wb") as file:
        file.write(HEAD)
        each = size // len(blocks)
        for block in blocks:
            for _ in range(max(1, each // len(block))):
                file.write(block)
    return f"one log of {path.stat().st_size / 1e9:.1f} GB"


def files(folder: Path, scale: float) -> str:
    """A thousand folders with a thousand small files each; one in a hundred is a log of one line."""
    count = int(1_000_000 * scale)
    for n in range(count):
        place = folder / f"{n // 1000:04}"
        if n % 1000 == 0:
            place.mkdir()
        line = b"2021-03-03 04:10:22 10.0.0.5 GET /owa/ - 443 - 198.51.100.7 x - 200 0 0 %d\n" % n
        data = HEAD + line if n % 100 == 0 else b"note %d\n" % n
        fd = os.open(place / f"{n:07}.{'log' if n % 100 == 0 else 'txt'}", os.O_CREAT | os.O_WRONLY)
        os.write(fd, data)
        os.close(fd)
    return f"{count:,} small files"


def zipped(folder: Path, scale: float) -> str:
    """The same small files in one zip."""
    count = int(1_000_000 * scale)
    with zipfile.ZipFile(folder / "e.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as box:
        for n in range(count):
            line = b"2021-03-03 04:10:22 10.0.0.5 GET /owa/ - 443 - 198.51.100.7 x - 200 0 0 %d\n" % n
            data = HEAD + line if n % 100 == 0 else b"note %d\n" % n
            box.writestr(f"{n // 1000:04}/{n:07}.{'log' if n % 100 == 0 else 'txt'}", data)
    return f"{count:,} small files in a zip"


def pages(folder: Path, scale: float) -> str:
    """Pages that differ in a number, most with nothing remarkable in them."""
    count = int(20_000 * scale)
    for n in range(count):
        place = folder / "inetpub" / f"{n // 1000:04}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"p{n}.aspx").write_text(
            f'<%@ Page Language="C#" %><html><body><% string a = "{n}"; %><p><%= a.Trim() %></p></body></html>'
        )
    return f"{count:,} pages"


def sparse(folder: Path, scale: float) -> str:
    with (folder / "u_ex210303.log").open("wb") as file:
        file.write(HEAD + rows(1_000, 1))
        file.truncate(1 << 40)
        file.seek((1 << 40) - 200)
        file.write(b"\n" + rows(1, 2))
    return "a sparse file of 1 TiB"


def bomb(folder: Path, scale: float) -> str:
    """4 GiB of zeros, deflated, beside a sound log."""
    with zipfile.ZipFile(folder / "e.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as box:
        with box.open("u_ex210302.log", "w", force_zip64=True) as member:
            for _ in range(int(4096 * scale)):
                member.write(bytes(1 << 20))
        box.writestr("u_ex210303.log", HEAD + rows(1_000, 1))
    stored = (folder / "e.zip").stat().st_size
    return f"{4096 * scale:,.0f} MiB of zeros in a zip of {stored / 1e6:.1f} MB"


CASES = {one.__name__: one for one in (sparse, bomb, files, zipped, pages, log)}


def judged(evidence: Path, out: Path, jobs: int) -> dict[str, object]:
    command = [
        sys.executable,
        "-m",
        "exsweep",
        "triage",
        str(evidence),
        "--out",
        str(out),
        "--jobs",
        str(jobs),
    ]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found: dict[str, object] = {
        "exit": done.returncode,
        "wall_s": round(time.monotonic() - started, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mib": after.ru_maxrss >> 10,
        "out_mb": round(sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6, 1),
    }
    if done.returncode == 4 or not (out / "assessment.json").exists():
        return {**found, "said": done.stderr[-400:]}
    data = json.loads((out / "assessment.json").read_bytes())
    gaps = [gap["reason"] for gap in data["coverage"]["gaps"] if gap.get("path")]
    notes = [note for item in data["custody"] for note in item.get("notes", ())]
    events = sum(one["events"] for one in data["coverage"]["sources"])
    return {**found, "files": len(data["custody"]), "events": events, "gaps": gaps[:3], "notes": notes[:3]}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", choices=[*CASES, []])
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    for name in asked.cases or CASES:
        with tempfile.TemporaryDirectory(dir=asked.folder) as place:
            evidence, out = Path(place) / "evidence", Path(place) / "out"
            evidence.mkdir()
            what = CASES[name](evidence, asked.scale)
            found = judged(evidence, out, asked.jobs)
            print(json.dumps({"case": name, "what": what, **found}), flush=True)
            shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    main()
