"""Who was logged on to the server so that secrets stay in its memory, out of the security log; a few accounts, counted."""

import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.knowledge.logon_sessions import MOST, logon_sessions
from exsweep.parse.batch import NO_TIME, Batch


class Sessions:
    """Accounts of one file's logons, with their number, first and last time, and kinds of logon."""

    def __init__(self) -> None:
        self._known = logon_sessions()
        self._ignored = re.compile(self._known.ignore)
        self._accounts: dict[str, tuple[int, int, int, frozenset[str]]] = {}
        self.more = False
        """There were more accounts than are kept."""

    def add(self, batch: Batch) -> None:
        """Take note of a batch of the security log; others are passed over."""
        wanted = self._known
        names = (wanted.code, wanted.type, wanted.domain, wanted.user)
        if batch.format.id != wanted.format or not set(names) <= set(batch.table.column_names):
            return
        chosen = pc.and_(
            pc.is_in(_plain(batch.table[wanted.code]), value_set=_texts(wanted.ids)),
            pc.is_in(_plain(batch.table[wanted.type]), value_set=_texts(wanted.types)),
        )
        rows = np.flatnonzero(chosen.to_numpy(zero_copy_only=False))
        rows = rows[batch.time_ms[rows] != NO_TIME]
        if not len(rows):
            return
        few = batch.table.select(list(names[1:])).take(pa.array(rows))
        logons = zip(
            *(column.to_pylist() for column in few.columns), batch.time_ms[rows].tolist(), strict=True
        )
        for kind, domain, user, when in logons:
            self._see(_said(domain), _said(user), _said(kind), when)

    def _see(self, domain: str, user: str, kind: str, when: int) -> None:
        account = f"{domain}\\{user}" if domain else user
        if not user or self._ignored.search(account):
            return
        known = self._accounts.get(account)
        if known is None:
            if len(self._accounts) >= MOST:
                self.more = True
                return
            known = 0, when, when, frozenset()
        count, first, last, kinds = known
        self._accounts[account] = count + 1, min(first, when), max(last, when), kinds | {kind}

    def facts(self) -> Mapping[str, str]:
        """`session.<account>`: count, first and last Unix millisecond, kinds of logon; read by `judge.sessions`."""
        said = {
            f"session.{account}": f"{count} {first} {last} {','.join(sorted(kinds))}"
            for account, (count, first, last, kinds) in self._accounts.items()
        }
        return said | ({"sessions.more": "yes"} if self.more else {})


def _said(value: bytes | None) -> str:
    text = (value or b"").decode("utf-8", "backslashreplace").strip()
    return "" if text == "-" else text[:120]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.binary()) if pa.types.is_dictionary(column.type) else column


def _texts(values: tuple[str, ...]) -> pa.Array:
    return pa.array([one.encode() for one in values], pa.binary())
