"""What holds on every Python that is supported, also on those that no machine of ours has."""

import ast
from pathlib import Path

import pytest

import exsweep

SOURCES = sorted(Path(exsweep.__file__).parent.rglob("*.py"))


def hidden(module: ast.Module) -> list[str]:
    """`Class.name` where a name of the class stands in an annotation of the same class, and so hides what is meant.

    Python 3.14 looks annotations up when they are asked for: `date: date` is then the field, not the type.
    """
    found = []
    for one in ast.walk(module):
        if not isinstance(one, ast.ClassDef):
            continue
        fields = [
            each for each in one.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]
        names = {each.target.id for each in fields} | {
            each.name for each in one.body if isinstance(each, ast.FunctionDef)
        }
        for each in fields:
            used = {name.id for name in ast.walk(each.annotation) if isinstance(name, ast.Name)}
            found += [f"{one.name}.{name}" for name in sorted(used & names)]
    return found


def test_no_field_hides_the_type_of_a_field() -> None:
    problems = [
        f"{path.name}: {name}"
        for path in SOURCES
        for name in hidden(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert problems == []


@pytest.mark.parametrize(
    "code", ["class A:\n    date: date", "class A:\n    list: int\n    other: tuple[list, ...] = ()"]
)
def test_such_a_field_would_be_found(code: str) -> None:
    assert len(hidden(ast.parse(code))) == 1
