"""One way for every browser test to follow a link, so that no key or look comes before the next page is there."""

from typing import Any


def follow(page: Any, link: Any) -> None:
    """Click `link` and wait until the page that it leads to is loaded."""
    with page.expect_navigation():
        link.click()
