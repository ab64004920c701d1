"""A whole scan in a network of its own, with every packet of every device recorded. Linux, root of a user namespace.

`unshare --user --map-root-user --net python -m tests.scan.double.capture FOLDER` prints one JSON object: the targets, and each
packet that any device carried. In that network there is nothing but the loopback device, so what would leave is seen or fails.
"""

import fcntl
import json
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

from exsweep.scan import Target, Wishes
from tests.scan.conftest import SCOPE, run_scan, scope_for
from tests.scan.double.rows import ROWS, address_of
from tests.scan.double.server import Double, Manners, http
from tests.scan.double.sites import same

_EVERYTHING, _IPV4 = 3, 0x0800
_SET_FLAGS, _UP = 0x8914, 1
ALL = SCOPE.replace(
    "allow: [identify, manifest, webshells]", "allow: [identify, manifest, webshells, contacts, smtp]"
)
MAIL = "127.77.200.1"


def _loopback_up() -> None:
    with socket.socket() as any_:
        fcntl.ioctl(any_, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


class _Tap(threading.Thread):
    """Reads packets of all devices until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERYTHING))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self._socket.settimeout(0.2)
        self.packets: list[dict[str, Any]] = []
        self.stop = False

    def run(self) -> None:
        while True:
            try:
                data, (device, kind, direction, *_) = self._socket.recvfrom(2_048)
            except TimeoutError:
                if self.stop:
                    return
                continue
            if direction == 4:  # going out: the loopback device shows each packet twice
                self.packets.append(_read(data, device, kind))


def _read(data: bytes, device: str, kind: int) -> dict[str, Any]:
    if kind != _IPV4:
        return {"device": device, "kind": kind}
    size = (data[0] & 15) * 4
    found: dict[str, Any] = {
        "device": device,
        "protocol": data[9],
        "from": socket.inet_ntoa(data[12:16]),
        "to": socket.inet_ntoa(data[16:20]),
    }
    if data[9] == socket.IPPROTO_TCP:
        source, target = struct.unpack_from(">HH", data, size)
        start = size + (data[size + 12] >> 4) * 4
        payload = data[start : struct.unpack_from(">H", data, 2)[0]]
        found |= {"source": source, "target": target, "flags": data[size + 13], "payload": payload[:80].hex()}
    return found


def main(folder: Path) -> None:
    _loopback_up()
    rows = [row for row in ROWS if row.manners is None or (row.manners.answer and row.site_name is None)]
    sites = {address_of(number): row.manners for number, row in enumerate(rows)}
    manners = {where: each for where, each in sites.items() if each is not None} | {
        MAIL: Manners(same(http(403)))
    }

    async def greets(reader: Any, writer: Any) -> None:
        writer.write(b"220 EXCH01 ready\r\n")
        await reader.readline()
        writer.write(b"250-EXCH01\r\n250 X-EXPS\r\n")
        await reader.read()

    with Double(folder, {MAIL: Manners(plain=True, raw=greets)}) as mail, Double(folder, manners) as double:
        tap = _Tap()
        tap.start()
        wishes = Wishes(manifest=True, webshells=True, contacts=True, smtp=True, seed=1)
        targets = [Target(address=each, port=double.port) for each in (*sites, MAIL)]
        found = run_scan(scope_for(double.port, ALL + f"smtp_port: {mail.port}\n"), targets, wishes)
        tap.stop = True
        tap.join(20)
        print(
            json.dumps(
                {
                    "targets": [each.address for each in targets],
                    "port": double.port,
                    "mail_port": mail.port,
                    "connections": dict(double.connections),
                    "devices": [name for _, name in socket.if_nameindex()],
                    "results": len(found),
                    "packets": tap.packets,
                }
            )
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
