"""Does Exchange ship this page?"""

import re

import pytest

from exsweep.knowledge import pages
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import load_rules, tree


@pytest.mark.parametrize(
    ("url", "build", "answer"),
    [
        ("/ecp/auth/TimeoutLogout.aspx", None, True),
        ("/ecp/auth/TimeoutLogoff.aspx", None, False),
        ("/owa/auth/logoff.aspx", None, True),
        ("/owa/auth/logout.aspx", None, False),
        ("/owa/auth/errorPage.aspx", None, False),
        ("/owa/auth/default.aspx", None, False),
        ("/OWA/AUTH/ERRORFE.ASPX", "15.1.2106.2", True),
        ("/owa/auth/OutlookCN.aspx", "15.1.2106.2", True),
        ("/owa/auth/OutlookEN.aspx", "15.1.2106.2", False),
        ("/owa/auth/RedirSuiteServiceProxy.aspx", "15.1.2106.2", True),
        ("/owa/auth/RedirSuiteServerProxy.aspx", "15.1.2106.2", False),
        ("/owa/auth/frowny.aspx", "15.1.845.34", False),
        ("/owa/auth/frowny.aspx", "15.1.1261.35", True),
        ("/owa/auth/frowny.aspx", "15.2.2562.17", True),
        ("/aspnet_client/x.aspx", "15.2.2562.17", False),
        ("/ecp/default.aspx", "15.1.2106.2", True),
        ("/ecp/unknown.aspx", "15.1.2106.2", False),
        ("/ecp/unknown.aspx", "15.1.2507.75", None),
        ("/ews/exchange.asmx", None, True),
    ],
)
def test_a_page_is_shipped_or_not_or_nobody_knows(url: str, build: str | None, answer: bool | None) -> None:
    assert pages.shipped(url, build).answer is answer


def test_pages_of_the_back_end_do_not_excuse_a_page_of_the_front_end() -> None:
    assert pages.shipped("/owa/auth/error.aspx").answer is False
    assert pages.shipped("/owa/auth/error.aspx", site=pages.BACK).answer is True


def test_the_pages_of_a_folder_are_listed_for_a_build() -> None:
    assert pages.names("/ecp/auth") == ("TimeoutLogout.aspx",)
    assert "frowny.aspx" not in pages.names("/owa/auth", "15.1.845.34")


@pytest.mark.parametrize("rule_id", ["WS-IIS-OWAAUTH", "WS-HTTPPROXY-OWAAUTH", "WS-IIS-OWAAUTH-PROBE"])
def test_rules_for_unknown_pages_spare_exactly_the_shipped_ones(rule_id: str) -> None:
    """The names stand in the rules too (Sigma has no tables): they must be the ones of the table."""
    rules = load_rules(ROOT / "rules", formats=load_formats()).rules
    rule = next(rule for rule in rules if rule.id == rule_id)
    assert rule.condition is not None
    patterns = [leaf.pattern for leaf in tree.leaves(rule.condition) if isinstance(leaf, tree.Regex)]
    spared = next(pattern for pattern in patterns if "logon" in pattern)
    named = re.search(r"\(([a-z|]+)\)", spared)
    assert named is not None
    assert set(named[1].split("|")) == {
        name.lower().removesuffix(".aspx") for name in pages.names("/owa/auth")
    }


def test_every_shipped_page_names_its_source() -> None:
    assert len(pages.pages()) == 1050
    assert all("CSS-Exchange" in page.source for page in pages.pages())
