"""Real pages of published collections are read almost wholly."""

import zipfile
from pathlib import Path

from exsweep.detect.webshell.languages import parse_code
from exsweep.detect.webshell.reading import read_page

READ = {"csharp", "vb", "jscript", "vbscript"}


def test_of_nearly_all_blocks_of_real_web_shells_nothing_stays_unread(shared_data: Path) -> None:
    blocks = unreadable = whole = 0
    with zipfile.ZipFile(shared_data / "webshells" / "webshells.zip") as archive:
        for name in archive.namelist()[::3]:
            for page in read_page(archive.read(name, pwd=b"infected"), name)[:1]:
                for block in page.blocks:
                    if block.language not in READ or len(block.code) < 200:
                        continue
                    tree = parse_code(block.code, block.language)
                    blocks += 1
                    whole += tree.unread == 0
                    unreadable += tree.unread > len(block.code) * 0.02
    assert blocks > 120
    assert whole / blocks > 0.9
    assert unreadable / blocks < 0.02
