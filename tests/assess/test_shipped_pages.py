"""What somebody ships is known by its bytes: it is not read. EXSWEEP-INERT-FIXTURE"""

import hashlib
from unittest.mock import patch

import pytest

from exsweep.assess import served
from exsweep.assess.served import Kept, look
from exsweep.detect.yara import Yara
from exsweep.knowledge.baselines import Baseline
from exsweep.knowledge.own_baselines import LearnedShelf
from exsweep.knowledge.shelf import Held
from exsweep.knowledge.yara import YaraRules
from exsweep.model import FileReport, FileVerdict

PAGE = '<%@ Page Language="C#" %><% Pro~cess.Start(Req~uest["x"]); %>'.replace("~", "").encode()
PATH = r"FrontEnd\HttpProxy\owa\auth\x.aspx"
SHA256 = hashlib.sha256(PAGE).hexdigest()


@pytest.fixture
def nothing() -> Yara:
    return Yara(YaraRules())


def _look(page: bytes, yara: Yara, shipped: Baseline) -> FileReport:
    kept = Kept()
    for _ in kept.over([page]):
        pass
    return look(kept, "x.aspx", hashlib.sha256(page).hexdigest(), yara, shipped)


def test_a_shipped_file_is_not_read(nothing: Yara) -> None:
    shipped = Baseline((LearnedShelf([Held(PATH, SHA256, ("15.2.1.1",))], "15.2.1.1"),))
    with patch.object(served, "examine", side_effect=AssertionError("was read")):
        report = _look(PAGE, nothing, shipped)
    assert (report.verdict, report.kind, report.size) == (FileVerdict.BENIGN_KNOWN, "aspx", len(PAGE))
    assert report.known_as == f"{PATH} of 15.2.1.1"


def test_one_other_byte_and_it_is_read(nothing: Yara) -> None:
    shipped = Baseline((LearnedShelf([Held(PATH, SHA256, ("15.2.1.1",))], "15.2.1.1"),))
    assert _look(PAGE + b" ", nothing, shipped).verdict is FileVerdict.MALICIOUS
