# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""doc/architecture.md leads to what is there: its tree, its files, tests and names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "doc" / "architecture.md").read_text()
WHERE = TEXT.partition("## Where to start")[2].partition("## Three ways of data")[0]
MODELS = sorted(path.parent for path in (ROOT / "models").glob("*/__init__.py"))
FOLDERS = [ROOT / "core", ROOT / "core" / "reply", ROOT / "core" / "twilio"]
FOLDERS += [ROOT / "tools", ROOT / "models", *MODELS]
CODE = ("core", "tools", "controllers", "models", "wizard", "data")


def _read_tree():
    """Folder, as a path from the root -> what the tree says of it, in lines."""
    block = TEXT.partition("```\n")[2].partition("```")[0]
    found, stack = {}, []
    for line in block.splitlines():
        indent = len(line) - len(line.lstrip())
        stack = [entry for entry in stack if entry[0] < indent]
        if folder := re.match(r"\s*(\w+)/", line):
            stack.append((indent, folder[1]))
        key = "/".join(name for _indent, name in stack)
        found[key] = found.get(key, "") + line + "\n"
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_tree_has_every_file(folder):
    said = set(re.findall(r"\w+", _read_tree()[str(folder.relative_to(ROOT))]))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    missing = {
        stem
        for stem in files
        if not said & {stem, re.sub("^fsm_(confirmation_)?", "", stem)}
    }
    assert not missing


def test_files_exist():
    names = {path.name for path in ROOT.rglob("*.*") if ".git" not in path.parts}
    for name in re.findall(r"`([\w./]+\.(?:py|js|xml|csv|po))`", WHERE):
        assert (ROOT / name).exists() or "/" not in name and name in names, name


def test_tests_exist():
    files = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"`(?:tests/\w+/)?(test_\w+)`", WHERE))
    assert named
    assert not named - files


def test_names_exist():
    code = "\n".join(
        path.read_text()
        for folder in CODE
        for ending in ("*.py", "*.xml")
        for path in (ROOT / folder).rglob(ending)
    )
    for name in re.findall(r"`(\w+)`", WHERE):
        if not name.startswith("test_"):
            assert re.search(rf"\b{name}\b", code), name
