"""Evidence that is sent: whole or not at all, resumed from anywhere, under names that hurt nobody (F32, H67)."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from exsweep.fleet.store import Fleet
from exsweep.web import evidence
from exsweep.web.names import place, places
from exsweep.web.service import Service
from tests.web.conftest import send, sha

SMALL_CHUNK = 1_000


def own_tenant(service: Service) -> int:
    with Fleet.open(service.settings.store, who="tester") as fleet:
        return fleet.database.number("SELECT tenant_id FROM sending")


def begin(client: TestClient, name: str = "u_ex210303.log", size: int = 2_500) -> tuple[str, str]:
    sending = client.post("/api/v1/sendings", json={"name": "MAIL01"}).json()["sending"]
    upload = client.post(f"/api/v1/sendings/{sending}/files", json={"name": name, "size": size}).json()
    return sending, upload["upload"]


def part(client: TestClient, upload: str, offset: int, data: bytes, digest: str | None = None):  # type: ignore[no-untyped-def]  # a response
    return client.patch(
        f"/api/v1/uploads/{upload}",
        params={"offset": offset},
        content=data,
        headers={"x-chunk-sha256": digest or sha(data), "content-type": "application/octet-stream"},
    )


DATA = b"".join(hashlib.sha256(bytes([at])).digest() for at in range(80))[:2_500]


def test_a_file_in_parts_is_received_only_when_the_whole_matches(
    client: TestClient, service: Service
) -> None:
    _, upload = begin(client)
    for offset in range(0, 2_500, SMALL_CHUNK):
        assert part(client, upload, offset, DATA[offset : offset + SMALL_CHUNK]).status_code == 200
    wrong = client.post(f"/api/v1/uploads/{upload}/finish", json={"sha256": "0" * 64})
    assert wrong.status_code == 409 and wrong.json()["offset"] == 0
    assert client.get(f"/api/v1/uploads/{upload}").json()["state"] == "open"
    for offset in range(0, 2_500, SMALL_CHUNK):
        part(client, upload, offset, DATA[offset : offset + SMALL_CHUNK])
    digests = b"".join(
        hashlib.sha256(DATA[at : at + SMALL_CHUNK]).digest() for at in range(0, 2_500, SMALL_CHUNK)
    )
    done = client.post(f"/api/v1/uploads/{upload}/finish", json={"chunks_sha256": sha(digests)})
    assert done.json()["state"] == "received" and done.json()["sha256"] == sha(DATA)
    kept = evidence.blob(service.settings.folder, own_tenant(service), sha(DATA))
    assert kept.read_bytes() == DATA
    assert kept.stat().st_mode & 0o222 == 0


def test_parts_lost_repeated_swapped_or_damaged_are_told_where_to_go_on(client: TestClient) -> None:
    _, upload = begin(client)
    assert part(client, upload, 0, DATA[:1000]).json()["offset"] == 1000
    assert part(client, upload, 0, DATA[:1000]).json()["offset"] == 1000, "repeated: no harm"
    lost = part(client, upload, 2000, DATA[2000:])
    assert (lost.status_code, lost.json()["offset"]) == (409, 1000)
    swapped = part(client, upload, 0, DATA[1000:2000])
    assert (swapped.status_code, swapped.json()["offset"]) == (409, 1000)
    assert part(client, upload, 1000, DATA[1000:2000], sha(b"other")).status_code == 422
    assert part(client, upload, 1000, DATA[1000:] + b"more").status_code == 413
    early = client.post(f"/api/v1/uploads/{upload}/finish", json={"sha256": sha(DATA)})
    assert (early.status_code, early.json()["offset"]) == (409, 1000)


def test_announced_again_an_upload_goes_on_from_another_place(client: TestClient) -> None:
    sending, upload = begin(client)
    part(client, upload, 0, DATA[:1000])
    again = client.post(
        f"/api/v1/sendings/{sending}/files", json={"name": "u_ex210303.log", "size": 2_500}
    ).json()
    assert (again["upload"], again["offset"]) == (upload, 1000)


def test_bytes_that_rotted_on_the_disk_are_asked_for_again(client: TestClient, service: Service) -> None:
    _, upload = begin(client)
    for offset in range(0, 2_500, SMALL_CHUNK):
        part(client, upload, offset, DATA[offset : offset + SMALL_CHUNK])
    stored = service.settings.folder / "uploads" / f"{upload}.part"
    with stored.open("r+b") as file:
        file.seek(1_500)
        file.write(b"\xff")
    answer = client.post(f"/api/v1/uploads/{upload}/finish", json={"sha256": sha(DATA)})
    assert (answer.status_code, answer.json()["offset"]) == (409, 1000)


def test_killed_between_keeping_and_noting_the_file_is_received_all_the_same(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, upload = begin(client, size=4)
    part(client, upload, 0, b"abcd")
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "_received", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        assert (
            client.post(f"/api/v1/uploads/{upload}/finish", json={"sha256": sha(b"abcd")}).status_code == 500
        )
    assert (
        client.post(f"/api/v1/uploads/{upload}/finish", json={"sha256": sha(b"abcd")}).json()["state"]
        == "received"
    )


def test_killed_between_the_log_and_noting_the_log_has_one_line(client: TestClient, service: Service) -> None:
    sending, upload = begin(client, size=4)
    part(client, upload, 0, b"abcd")
    whole = {"sha256": sha(b"abcd")}
    assert client.post(f"/api/v1/uploads/{upload}/finish", json=whole).json()["state"] == "received"
    with Fleet.open(service.settings.store, who="tester") as fleet:  # as the store stands after such a death
        fleet.database.run("UPDATE upload SET state = 'open' WHERE public_id = ?", (upload,))
    assert client.post(f"/api/v1/uploads/{upload}/finish", json=whole).json()["state"] == "received"
    log = service.settings.folder / "sendings" / sending / "custody.jsonl"
    assert len(log.read_text().splitlines()) == 1


def test_what_is_not_whole_is_not_read(client: TestClient) -> None:
    sending, _ = begin(client)
    assert client.post(f"/api/v1/sendings/{sending}/read", json={}).status_code == 409


def test_asked_twice_one_sending_is_one_job(client: TestClient) -> None:
    sending = send(client, {"a.log": b"x"})
    first = client.post(f"/api/v1/sendings/{sending}/read", json={}).json()["job"]
    assert client.post(f"/api/v1/sendings/{sending}/read", json={}).json()["job"] == first


def test_more_than_the_quota_is_refused_before_it_comes(client: TestClient) -> None:
    sending, _ = begin(client, size=10)
    answer = client.post(f"/api/v1/sendings/{sending}/files", json={"name": "image.vhdx", "size": 200 << 30})
    assert answer.status_code == 413 or answer.status_code == 507
    huge = client.post(f"/api/v1/sendings/{sending}/files", json={"name": "image.vhdx", "size": 1 << 60})
    assert huge.status_code == 422


def test_a_plain_form_sends_files_without_script(client: TestClient, service: Service) -> None:
    token = client.headers.pop("x-csrf-token")
    files = [
        ("files", ("../../etc/x.log", b"one", "text/html")),
        ("files", ("b.log", DATA * 9, "text/plain")),
    ]
    answer = client.post("/send", data={"csrf": token, "name": "MAIL01"}, files=files, follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/jobs/job_")
    job = client.get(f"/api/v1{answer.headers['location']}").json()
    got = client.get(f"/api/v1/sendings/{job['sending']}").json()
    assert [(each["sha256"], each["state"]) for each in got["files"]] == [
        (sha(b"one"), "received"),
        (sha(DATA * 9), "received"),
    ]
    assert {path.name for path in (service.settings.folder / "evidence").rglob("*") if path.is_file()} == {
        sha(b"one"),
        sha(DATA * 9),
    }


def test_a_form_of_a_page_elsewhere_leaves_no_byte(client: TestClient, service: Service) -> None:
    client.headers.pop("x-csrf-token")
    answer = client.post("/send", data={"csrf": "guess"}, files=[("files", ("a.log", b"one", "text/plain"))])
    assert answer.status_code == 403
    assert not (service.settings.folder / "evidence").exists()


def test_deleting_says_first_and_keeps_the_log(client: TestClient, service: Service) -> None:
    sending = send(client, {"a.log": b"some bytes"})
    path = f"/api/v1/sendings/{sending}/delete"
    assert client.post(path, json={"dry_run": True}).json() == {
        "sending": sending,
        "files": 1,
        "bytes": 10,
        "dry_run": True,
    }
    assert evidence.blob(service.settings.folder, own_tenant(service), sha(b"some bytes")).exists()
    client.post(path, json={})
    assert not evidence.blob(service.settings.folder, own_tenant(service), sha(b"some bytes")).exists()
    assert (service.settings.folder / "sendings" / sending / "custody.jsonl").exists()


@given(st.lists(st.text(max_size=300), max_size=20))
def test_no_name_leaves_its_folder_or_meets_another(names: list[str]) -> None:
    found = places(names)
    assert len({str(each).lower() for each in found}) == len(names)
    for each in found:
        assert not each.is_absolute() and ".." not in each.parts and len(each.parts) <= 33
        assert all(0 < len(part.encode()) <= 130 for part in each.parts)
    whole = {str(each).lower() for each in found}
    assert not any(str(up).lower() in whole for each in found for up in each.parents if str(up) != ".")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../../etc/passwd", "etc/passwd"),
        ("C:\\inetpub\\logs\\u_ex.log", "C%3A/inetpub/logs/u_ex.log"),
        ("/abs/a", "abs/a"),
        ("con.aspx", "_con.aspx"),
        ("a\nb", "a%0Ab"),
        ("...", "file"),
        ("x" * 4_000 + ".log", None),
    ],
)
def test_names_that_hurt_become_names_that_do_not(tmp_path: Path, name: str, expected: str | None) -> None:
    spot = place(name)
    assert expected is None or str(spot) == expected
    target = tmp_path / spot
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"")


def test_each_tenants_evidence_lies_in_a_folder_of_its_own_and_goes_alone(
    client: TestClient, service: Service
) -> None:
    data = b"the same log of both"
    sendings = {name: send(client, {"a.log": data}, tenant=name) for name in ("school", "clinic")}
    home = service.settings.folder / "evidence"
    with Fleet.open(service.settings.store, who="tester") as fleet:
        folders = {name: home / f"tenant-{fleet.tenant(name)}" for name in sendings}
    assert all(
        [path.read_bytes() for path in each.rglob("*") if path.is_file()] == [data]
        for each in folders.values()
    )
    client.post(f"/api/v1/sendings/{sendings['school']}/delete", json={})
    left = {name: sum(path.is_file() for path in each.rglob("*")) for name, each in folders.items()}
    assert left == {"school": 0, "clinic": 1}


def test_evidence_that_an_earlier_program_kept_in_one_place_is_read_and_deleted_there(
    client: TestClient, service: Service
) -> None:
    data = b"kept before"
    sending = send(client, {"a.log": data})
    (own,) = [path for path in (service.settings.folder / "evidence").rglob("*") if path.is_file()]
    common = service.settings.folder / "evidence" / own.parent.name / own.name
    common.parent.mkdir()
    own.rename(common)
    assert evidence.blob(service.settings.folder, 1, own.name) == common
    client.post(f"/api/v1/sendings/{sending}/delete", json={})
    assert not common.exists()
