"""The Python examples of the documentation: all can be read by Python, and those with a sandbox or with what they
print run."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/how-to/client-library.md", "docs/how-to/incoming.md")
# An example that prints ends with what it prints.
PRINTED = re.compile(r"\n((?:# .*\n)+)\Z")
EXAMPLE = re.compile(r"^```python\n(.+?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str]]:
    return [
        (f"{page} {number}", code)
        for page in PAGES
        for number, code in enumerate(EXAMPLE.findall((ROOT / page).read_text(encoding="utf-8")), 1)
    ]


def named(*examples: tuple[str, str]) -> list[object]:
    return [pytest.param(code, id=name) for name, code in examples]


@pytest.mark.parametrize("code", named(*examples()))
def test_what_an_example_imports_is_there(code: str) -> None:
    tree = compile(code, "example", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = importlib.import_module(node.module)
            assert not [each.name for each in node.names if not hasattr(module, each.name)]


@pytest.mark.parametrize("code", named(*(each for each in examples() if "with Sandbox(" in each[1])))
def test_an_example_with_a_sandbox_runs(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "example", "exec"), {})
    assert "It is there, as order 1" in capsys.readouterr().out


@pytest.mark.parametrize("code", named(*(each for each in examples() if PRINTED.search(each[1]))))
def test_an_example_prints_what_it_says(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed = PRINTED.search(code)
    assert printed is not None
    exec(compile(code, "example", "exec"), {})
    assert capsys.readouterr().out == re.sub(r"^# ", "", printed.group(1), flags=re.MULTILINE)
