"""One sound file of each kind of trace, made by code: for the fuzzer and for laws that hold for all of them."""

from tests.parse.filesystem.making import entry_of, log_file
from tests.parse.traces.making import locked_file, packed, prefetch, recycled
from tests.parse.traces.making_hive import shimcache_10
from tests.parse.traces.test_access_log import COMBINED
from tests.parse.traces.test_defender import FOUND, LIST, LOCKED, TEXT, entry, history
from tests.parse.traces.test_eomt import LOG
from tests.parse.traces.test_file_table import LISTS, TABLES
from tests.parse.traces.test_history import TYPED
from tests.parse.traces.test_listing import BODY, ENGLISH
from tests.parse.traces.test_log_export import ELASTIC
from tests.parse.traces.test_prefetch import FILES, RUNS
from tests.parse.traces.test_recycle import PAGE, PLACE
from tests.parse.traces.test_registry import amcache, software, system, user
from tests.parse.traces.test_relayed import SYSLOG
from tests.parse.traces.test_rows import MFT
from tests.parse.traces.test_setup_log import run
from tests.parse.traces.test_task import TASK
from tests.parse.traces.test_wmi import REPOSITORY


def trace_samples() -> dict[str, bytes]:
    """Path as a collector keeps it -> the bytes."""
    return {
        "C/Windows/System32/Tasks/Winnet": ("\ufeff" + TASK).encode("utf-16-le"),
        "C/Users/a/ConsoleHost_history.txt": TYPED,
        LIST: entry(),
        LOCKED: locked_file(TEXT),
        FOUND: history(),
        "C/Windows/appcompat/Programs/Amcache.hve": amcache().made(),
        "C/Windows/System32/config/SYSTEM": system(
            shimcache_10([("C:\\a.exe", "2021-03-03 00:00:00")])
        ).made(),
        "C/Windows/System32/config/SOFTWARE": software().made(),
        "C/Users/a/NTUSER.DAT": user().made(),
        "C/Windows/Prefetch/SVCH.EXE-12345678.pf": packed(prefetch("SVCH.EXE", FILES, RUNS)),
        "C/Windows/System32/wbem/Repository/OBJECTS.DATA": REPOSITORY,
        "EOMT.log": LOG,
        "SearchResult.xml": b'<SearchResults><Event Caller="a" Cmdlet="New-X" RunDate="2021-03-03T04:05:02+00:00" Succeeded="true">'
        b'<CmdletParameters><Parameter Name="B" Value="c" /></CmdletParameters></Event></SearchResults>',
        "ExchangeSetup.log": run("11.14.2022", "Install").encode(),
        "results/Windows.NTFS.MFT.json": MFT,
        "access.log": COMBINED,
        "hits.ndjson": ELASTIC,
        "relayed.log": SYSLOG,
        "dir.txt": ENGLISH,
        "files.json": TABLES["velociraptor"].encode(),
        "find.txt": LISTS["find"].encode(),
        "body.txt": BODY,
        PLACE: recycled(PAGE, "2021-03-05 06:00:00"),
        "C/$LogFile": log_file([entry_of("added", "a.aspx", 40, "2021-03-03 04:10:22")], pages=6),
    }
