"""One server from outside: polite, authorised, and never more said than was seen."""

from exsweep.scan.explain import explain
from exsweep.scan.identify import Identity, Kind
from exsweep.scan.journal import Journal, seal
from exsweep.scan.networks import Networks, read_networks
from exsweep.scan.outside import assessment, headline, patch_state
from exsweep.scan.plan import Wishes
from exsweep.scan.results import ScanResult, line, read_line
from exsweep.scan.run import Settings, Watcher, scan
from exsweep.scan.scope import Level, Scope, opt_out_files, opt_out_lines, read_scope
from exsweep.scan.targets import Listed, Target, in_shard, read_targets
from exsweep.scan.views import Read, View, count, header, row
from exsweep.scan.webshells import Proof, Sight

__all__ = [
    "Identity",
    "Journal",
    "Kind",
    "Level",
    "Listed",
    "Networks",
    "Proof",
    "Read",
    "ScanResult",
    "Scope",
    "Settings",
    "Sight",
    "Target",
    "View",
    "Watcher",
    "Wishes",
    "assessment",
    "count",
    "explain",
    "header",
    "headline",
    "in_shard",
    "line",
    "opt_out_files",
    "opt_out_lines",
    "patch_state",
    "read_line",
    "read_networks",
    "read_scope",
    "read_targets",
    "row",
    "scan",
    "seal",
]
