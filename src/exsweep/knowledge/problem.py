"""One thing that is wrong with the knowledge."""

from typing import NamedTuple


class Problem(NamedTuple):
    """Printed as one line."""

    where: str
    """File, with the line where known."""
    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.todo}"
