# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every method that XML, a screen or a document calls by its name exists in the code.

Odoo itself looks when it gets there: at demo data in a demo only, at a scheduled action
when it is due.
"""

import ast
import re
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("data", "demo", "security", "views", "wizard")
ORM = {"create", "write", "unlink"}
NAME_IN_JS = re.compile(r"\"((?:action|get)_\w+)\"")
CALL = re.compile(r"\bmodel\.(\w+)\(")


def read_classes():
    """The classes of models, as syntax trees."""
    for folder in ("models", "wizard"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            body = ast.parse(path.read_text()).body
            yield from (node for node in body if isinstance(node, ast.ClassDef))


def read_methods():
    """{model: names of its methods}, those it inherits from models of ours too."""
    parents, methods = {}, {}
    for node in read_classes():
        _add_class(node, parents, methods)

    def collect(model, seen):
        if model in seen:
            return set()
        seen.add(model)
        found = set(methods.get(model, ()))
        return found.union(*(collect(each, seen) for each in parents.get(model, ())))

    return {model: collect(model, set()) for model in methods}


def _add_class(node, parents, methods):
    values = {}
    for line in node.body:
        if isinstance(line, ast.Assign) and line.targets[0].id in ("_name", "_inherit"):
            values[line.targets[0].id] = ast.literal_eval(line.value)
    inherited = values.get("_inherit", [])
    inherited = [inherited] if isinstance(inherited, str) else inherited
    model = values.get("_name") or next(iter(inherited), None)
    if model:
        parents.setdefault(model, set()).update(inherited)
        own = {line.name for line in node.body if isinstance(line, ast.FunctionDef)}
        methods.setdefault(model, set()).update(own)


def read_calls():
    """(file, model or None, method) of each call; None: of any model."""
    for path in sorted((ROOT / "static" / "src").rglob("*.js")):
        for method in NAME_IN_JS.findall(path.read_text()):
            yield path.name, None, method
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.xml")):
            for record in ElementTree.parse(path).getroot().iter():
                for model, method in _calls_of(record):
                    yield path.name, model, method


def _calls_of(node):
    """What a <function> or a <record> of a view or an action calls."""
    if node.tag == "function":
        yield node.get("model"), node.get("name")
    if node.tag != "record":
        return
    fields = {field.get("name"): field for field in node.findall("field")}
    if "code" in fields and "model_id" in fields:
        model = fields["model_id"].get("ref").rpartition(".")[2]
        for method in CALL.findall(fields["code"].text):
            yield model.removeprefix("model_").replace("_", "."), method
    if node.get("model") == "ir.ui.view" and "model" in fields:
        view = fields["arch"]
        # What stands inside of a field's own list belongs to another model.
        inner = {each for field in view.findall(".//field") for each in field.iter()}
        for element in view.iter():
            if element.get("type") == "object":
                model = None if element in inner else fields["model"].text
                yield model, element.get("name") or element.get("action")


def test_methods_exist():
    methods = read_methods()
    methods[None] = set().union(*methods.values())
    calls = set(read_calls())
    assert len(calls) > 40, "nothing was read"
    missing = [
        call for call in calls if call[2] not in ORM | methods.get(call[1], set())
    ]
    assert not missing, missing


def test_integrators_know_the_override_points():
    text = (ROOT / "doc" / "integrators.md").read_text().partition("## Override")[2]
    methods, documented, model = read_methods(), set(), ""
    for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE):
        for name in re.findall(r"`([\w.]+)`", row):
            found, _dot, name = name.rpartition(".")
            model = found or model
            assert name in methods[model], (model, name)
            documented.add(name)
    functions = [
        line
        for node in read_classes()
        for line in node.body
        if isinstance(line, ast.FunctionDef)
    ]
    words = {each.name: ast.get_docstring(each) or "" for each in functions}
    said = {name for name, text in words.items() if "verride point" in text}
    assert said and said <= documented, said - documented


def test_odoo_finds_every_test():
    """Odoo's own runner, and so OCA's CI, runs only what the packages import."""
    for folder in ("http", "models", "tooling", "tours"):
        package = ROOT / "tests" / folder
        lines = (package / "__init__.py").read_text().splitlines()
        imported = {line.rpartition(" ")[2] for line in lines if "import" in line}
        assert imported == {path.stem for path in package.glob("test_*.py")}
