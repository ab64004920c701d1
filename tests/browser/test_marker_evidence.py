"""Reports of evidence in which every field holds what a browser would obey (H14, H22 to H27, H73, H80): all of it is text."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_report_in_browser import Watch, unfold

pytestmark = [pytest.mark.browser, pytest.mark.hostile]
ROWS = ("H14", "H22", "H23", "H24", "H25", "H26", "H27", "H28", "H29", "H80")


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of each row, and one of all together."""
    from exsweep.export import EXPORTERS
    from tests.assess.example import judged
    from tests.hostile.rows import made

    folder = tmp_path_factory.mktemp("marked")
    found = {}
    for name in (*ROWS, "all"):
        evidence = made(folder / name, *((name,) if name != "all" else ROWS))
        found[name] = folder / f"{name}.html"
        found[name].write_bytes(EXPORTERS["html"].export(judged(evidence)))
    return found


@pytest.mark.parametrize("name", [*ROWS, "all"])
def test_h14_h22_h23_h24_h25_h26_h27_h73_marker_evidence_is_only_text(
    chromium: Any, marked: dict[str, Path], name: str
) -> None:
    page = chromium.new_page()
    watch = Watch(page, marked[name])
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective))"
    )
    page.goto(marked[name].as_uri())
    title = page.title()
    unfold(page)
    page.mouse.move(200, 300)
    page.keyboard.press("Tab")
    page.wait_for_timeout(150)
    assert page.title() == title
    assert "HIT" not in title
    assert watch.bad == []
    assert (
        page.evaluate("document.scripts.length + document.querySelectorAll('img,iframe,object,embed').length")
        == 0
    )
    assert (
        page.evaluate(
            "[...document.links].filter(a => !a.getAttribute('href').startsWith('#')).map(a => a.href)"
        )
        == []
    )
    if name in ("H22", "all"):
        assert "onerror" in page.content()  # the marker is there, as text
    page.close()
