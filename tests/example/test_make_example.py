"""The bundled example is what its list of planted events says, in the shape of real logs."""

import csv
import hashlib
import ipaddress
import json
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "make_example.py"
SCALE = "0.2"


@dataclass(frozen=True)
class Example:
    root: Path
    truth: dict[str, Any]

    def files(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.is_file())

    def line(self, event: dict[str, Any]) -> str:
        raw: bytes = (self.root / event["path"]).read_bytes()
        return raw[event["offset"] :].partition(b"\r\n")[0].decode("utf-8")

    def events(self, label: str, kind: str = "") -> list[dict[str, Any]]:
        return [e for e in self.truth["events"] if e["label"] == label and e["kind"].startswith(kind)]


def make(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(out), *more], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    out = tmp_path_factory.mktemp("made") / "example"
    made = make(out, "--scale", SCALE)
    assert made.returncode == 0, made.stderr
    return Example(out, json.loads((out.parent / "example.truth.json").read_text("utf-8")))


def digest(root: Path) -> str:
    seal = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            seal.update(f"{path.relative_to(root)}\0".encode())
            seal.update(path.read_bytes())
    return seal.hexdigest()


def test_two_runs_give_the_same_bytes(example: Example, tmp_path: Path) -> None:
    assert make(tmp_path / "again", "--scale", SCALE).returncode == 0
    assert digest(tmp_path / "again") == digest(example.root)
    again = json.loads((tmp_path / "again.truth.json").read_text("utf-8"))
    assert again == example.truth


def test_another_seed_gives_another_shell_name(example: Example, tmp_path: Path) -> None:
    assert make(tmp_path / "other", "--scale", "0.05", "--seed", "7").returncode == 0
    other = json.loads((tmp_path / "other.truth.json").read_text("utf-8"))
    assert other["expect"]["shell"] != example.truth["expect"]["shell"]


def test_the_truth_is_not_part_of_the_evidence(example: Example, tmp_path: Path) -> None:
    assert not [path for path in example.files() if "truth" in path.name]
    refused = make(tmp_path / "x", str(tmp_path / "x" / "truth.json"))
    assert refused.returncode == 2
    assert "inside the evidence" in refused.stderr


def test_a_folder_with_other_peoples_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert make(tmp_path / "mine").returncode == 2
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_every_planted_event_stands_at_its_line_and_offset(example: Example) -> None:
    assert len(example.truth["events"]) > 150
    for event in example.truth["events"]:
        raw = (example.root / event["path"]).read_bytes()
        line = raw.split(b"\n")[event["line"] - 1]
        assert raw[event["offset"] :].startswith(line)
        date, clock = event["time"][:10], event["time"][11:19]
        begins = line.removeprefix(b'{"@timestamp":"')
        if event["kind"] == "disk/journal":  # the time is the ninth column
            begins = line.split(b",")[8]
        assert begins.startswith((f"{date}T{clock}".encode(), f"{date} {clock}".encode())), event


def test_every_row_has_as_many_fields_as_the_header_above_it(example: Example) -> None:
    for path in example.files():
        if path.suffix.lower() != ".log":
            continue
        names: list[str] = []
        text = path.read_bytes().decode("utf-8-sig")
        assert text.endswith("\r\n")
        for line in text[:-2].split("\r\n"):
            if line.startswith("#"):
                if line.startswith("#Fields: "):
                    names = line[9:].split(" " if "W3SVC" in str(path) or "HTTPERR" in str(path) else ",")
                continue
            if line.startswith("DateTime,"):
                continue
            blank = "W3SVC" in str(path) or "HTTPERR" in str(path)
            fields = line.split(" ") if blank else next(csv.reader([line]))
            assert len(fields) == len(names), f"{path.name}: {line[:200]}"


def test_rows_of_a_file_are_in_time_order(example: Example) -> None:
    for path in example.files():
        if path.suffix.lower() != ".log":
            continue
        stamps = re.findall(rb"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)", path.read_bytes(), re.MULTILINE)
        assert stamps == sorted(stamps), path.name


def test_the_front_end_log_and_httpproxy_know_a_request_by_one_id(example: Example) -> None:
    proxied: dict[str, str] = {}
    for path in (example.root / "Exchange Server/V15/Logging/HttpProxy").rglob("*.LOG"):
        for line in path.read_bytes().decode("utf-8-sig").split("\r\n"):
            if line[:2] == "20":
                cells = next(csv.reader([line]))
                proxied[cells[1]] = cells[0]
    joined = 0
    for path in (example.root / "inetpub/logs/LogFiles/W3SVC1").iterdir():
        for line in path.read_text("utf-8").split("\n"):
            found = re.search(r"cafeReqId=([0-9a-f-]{36})", line)
            if found and found[1] in proxied:
                joined += 1
                assert proxied[found[1]][:19].replace("T", " ") == line[:19]
    assert joined == len(proxied)


def test_the_canary_joins_httpproxy_the_ecp_log_and_the_back_end(example: Example) -> None:
    for label in ("chain-getobject", "chain-setobject", "chain-reset"):
        tokens = defaultdict(set)
        for event in example.events(label):
            found = re.search(r"msExchEcpCanary=([\w-]+\.)", example.line(event))
            if found:
                tokens[found[1]].add(event["kind"])
        assert list(tokens.values()) == [{"httpproxy/Ecp", "ecp_server", "iis/back"}]


def test_the_chain_shows_the_statuses_that_prove_it(example: Example) -> None:
    proxylogon = example.line(example.events("chain-proxylogon", "httpproxy")[0])
    assert ",241,241," in proxylogon
    reset = example.line(example.events("chain-reset", "httpproxy")[0])
    assert "schema=ResetOABVirtualDirectory#" in reset
    assert ",200,200," in reset
    machine = example.line(example.events("chain-setobject", "iis/back")[0])
    assert " POST /ecp/DDI/DDIService.svc/SetObject " in machine
    assert "MAIL01$" in machine


def test_after_the_update_nobody_gets_through_the_hole_again(example: Example) -> None:
    patched = example.truth["patched"]
    for path in (example.root / "Exchange Server/V15/Logging/HttpProxy").rglob("*.LOG"):
        for line in path.read_bytes().decode("utf-8-sig").split("\r\n"):
            if "ServerInfo~" in line and line[:24] > patched:
                assert next(csv.reader([line]))[19] == "500"


def test_the_shell_is_used_after_the_update_up_to_the_last_day(example: Example) -> None:
    shell = example.truth["expect"]["shell"]
    uses = [e for e in example.truth["events"] if e["stage"] == "webshell_use"]
    assert {e["time"][:10] for e in uses} == {"2021-02-28", "2021-03-02", "2021-03-05", "2021-03-08"}
    for event in uses:
        assert f" POST {shell} " in example.line(event)
        assert " 200 0 0 " in example.line(event)


def test_the_build_changes_inside_a_file_at_the_update(example: Example) -> None:
    proxy = example.root / "Exchange Server/V15/Logging/HttpProxy"
    changed = [
        path
        for path in proxy.rglob("HttpProxy_2021030311-1.LOG")
        if re.findall(rb"#Version: (\S+)", path.read_bytes()) == [b"15.01.2106.002", b"15.01.2106.013"]
    ]
    assert changed


def test_the_columns_of_a_web_server_log_change_in_mid_file(example: Example) -> None:
    text = (example.root / "inetpub/logs/LogFiles/W3SVC1/u_ex210216.log").read_text("utf-8")
    assert len(set(re.findall(r"#Fields: .*", text))) == 2


def test_exchange_logs_begin_with_a_byte_order_mark_and_the_plain_column_row(example: Example) -> None:
    proxy = next((example.root / "Exchange Server/V15/Logging/HttpProxy/Owa").iterdir()).read_bytes()
    assert proxy.startswith(b"\xef\xbb\xbfDateTime,RequestId,")
    assert b"\r\n#Software: Microsoft Exchange Server\r\n" in proxy


def test_the_stated_gaps_are_gaps(example: Example) -> None:
    assert not (example.root / "inetpub/logs/LogFiles/W3SVC2/u_ex210218.log").exists()
    assert (example.root / "inetpub/logs/LogFiles/W3SVC1/u_ex210218.log").exists()
    names = [path.name for path in (example.root / "Exchange Server/V15/Logging/HttpProxy").rglob("*.LOG")]
    assert min(names) >= "HttpProxy_2021020714"


def test_probes_of_the_server_itself_are_the_majority(example: Example) -> None:
    own = every = 0
    for path in (example.root / "Exchange Server/V15/Logging/HttpProxy").rglob("*.LOG"):
        for line in path.read_bytes().split(b"\r\n"):
            if line[:2] == b"20":
                every += 1
                own += b"HealthMailbox" in line or b"AMProbe" in line or b"AM_Probe" in line
    assert own > every / 2


def test_no_public_address_belongs_to_anybody(example: Example) -> None:
    allowed = [
        ipaddress.ip_network(n)
        for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8", "127.0.0.0/8")
    ]
    pattern = re.compile(rb"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?=[\s,:;\]])")
    for path in example.files():
        for text in set(pattern.findall(path.read_bytes())):
            if re.match(rb"(15|1[56])\.\d+\.\d+\.\d+$|\d+\.0\.\d+\.\d+$|0\.0\.0\.0$", text):
                continue  # builds and browser versions
            address = ipaddress.ip_address(text.decode())
            assert any(address in network for network in allowed), (path.name, text)


def test_every_script_is_inert_and_says_so(example: Example) -> None:
    """In logs a comment; in the page that was left, code that no compiler takes."""
    scripts = set()
    for path in example.files():
        scripts.update(re.findall(rb"(?s)<script[^>]*runat.*?</script>", path.read_bytes()))
    assert scripts
    assert all(b"EXSWEEP-INERT-FIXTURE" in script for script in scripts)
    code = [script for script in scripts if b"/*EXSWEEP-INERT-FIXTURE*/" not in script]
    assert len(code) == 1
    assert code[0].split(b"\r\n")[1] == b"#error EXSWEEP-INERT-FIXTURE"
