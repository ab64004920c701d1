"""One server from outside: polite, authorised, and never more said than was seen."""

from exsweep.scan.explain import explain
from exsweep.scan.identify import Identity, Kind
from exsweep.scan.journal import Journal, seal
from exsweep.scan.listing import FORMATS, Entry, ListFormat
from exsweep.scan.networks import Lookup, Networks, read_networks
from exsweep.scan.outside import assessment, headline, patch_state
from exsweep.scan.owner import Owner, owner_of
from exsweep.scan.plan import Wishes
from exsweep.scan.rdap import Rdap, read_rdap
from exsweep.scan.reach import By, Sites, Way, lands_on, sites_of, ways
from exsweep.scan.results import ScanResult, line, read_line
from exsweep.scan.run import Settings, Watcher, scan
from exsweep.scan.scope import Level, Scope, opt_out_files, opt_out_lines, read_scope
from exsweep.scan.scope_file import rates_of, scope_in, text_of
from exsweep.scan.targets import Listed, Target, in_shard, read_targets
from exsweep.scan.views import Group, Read, View, count
from exsweep.scan.webshells import Proof, Sight

__all__ = [
    "FORMATS",
    "By",
    "Entry",
    "Group",
    "Identity",
    "Journal",
    "Kind",
    "Level",
    "ListFormat",
    "Listed",
    "Lookup",
    "Networks",
    "Owner",
    "Proof",
    "Rdap",
    "Read",
    "ScanResult",
    "Scope",
    "Settings",
    "Sight",
    "Sites",
    "Target",
    "View",
    "Watcher",
    "Way",
    "Wishes",
    "assessment",
    "count",
    "explain",
    "headline",
    "in_shard",
    "lands_on",
    "line",
    "opt_out_files",
    "opt_out_lines",
    "owner_of",
    "patch_state",
    "rates_of",
    "read_line",
    "read_networks",
    "read_rdap",
    "read_scope",
    "read_targets",
    "scan",
    "scope_in",
    "seal",
    "sites_of",
    "text_of",
    "ways",
]
