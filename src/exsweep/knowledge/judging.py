"""Numbers and patterns of the judge, from `data/judging.yml`."""

from functools import cache
from importlib.resources import files

import msgspec

from exsweep.errors import KnowledgeError


class Judging(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/judging.yml`; seconds, hours and days are in the names."""

    version: int
    source: tuple[str, ...]
    in_use_hours: int
    old_after_days: int
    join_seconds: int
    joins_by_time_from: str
    disk_times_from: str
    dated_names: dict[str, str]
    clock_seconds: int
    run_seconds: int
    drop_to_shell_days: int
    follow_seconds: int
    local_addresses: tuple[str, ...]
    private_addresses: tuple[str, ...]
    private_join_seconds: int
    script_extensions: tuple[str, ...]
    served_paths: dict[str, str]
    disk_kinds: tuple[str, ...]
    witnesses: dict[str, tuple[str, ...]]
    file_columns: tuple[str, ...]
    compiled_pattern: str
    process_columns: tuple[str, ...]
    process_numbers: dict[str, str]
    """Column with the number of a process -> column with the path of its program."""
    logon_columns: tuple[str, ...]
    logons_of_the_system: tuple[str, ...]
    accounts_of_the_system: str
    process_join_seconds: int
    session_patterns: dict[str, str]
    session_columns: dict[str, str]
    refused_status_from: int
    server_error_from: int
    guessing: str
    """Campaign of rules about guessed passwords."""
    guessed_within_days: int
    """A password that fits so long after the first guess is still one that may have been guessed."""
    works_despite_error: tuple[str, ...]
    ambiguous_counts_from: str
    ambiguous_pair_from: str
    impact: dict[str, tuple[str, ...]]
    impact_names: dict[str, tuple[str, ...]]
    secrets_of: dict[str, tuple[str, ...]]
    host_patterns: tuple[str, ...]
    answer_bytes: str
    any_computer: tuple[str, ...]
    exchange_pattern: str
    runs_orders: tuple[str, ...]
    mailbox_patterns: tuple[str, ...]
    mailbox_columns: tuple[str, ...]
    folder_patterns: tuple[str, ...]
    busy_events_per_day: int
    hole_days: int
    hole_hours: int
    hole_events_an_hour: int
    hole_day_share: float
    hole_others_share: float
    pivot_keys: int
    rejected_few: int
    rejected_share: float
    origins_kept: int
    timeline_rows: int
    files_shown: int
    event_columns: tuple[str, ...]
    attempt_chains_kept: int


@cache
def judging() -> Judging:
    """The shipped values.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    file = files("exsweep.knowledge") / "data" / "judging.yml"
    try:
        return msgspec.yaml.decode(file.read_bytes(), type=Judging)
    except msgspec.MsgspecError as error:
        raise KnowledgeError(f"{file}: {error}.", tip="Reinstall exsweep, or mend the file.") from error
