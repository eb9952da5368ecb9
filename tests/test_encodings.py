"""Whoever opens text says in which letters: what a locale would choose differs from machine to machine."""
import ast
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [path for folder in ("scratchnet", "benchmarks", "tutorials") for kind in ("*.py", "*.ipynb")
           for path in sorted((ROOT / folder).rglob(kind))]


def unnamed(source):
    """Return the lines in which text is opened, or a process is read, without the name of an encoding."""
    return [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and _needs(node)
            and "encoding" not in {keyword.arg for keyword in node.keywords}]


def _needs(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in ("read_text", "write_text", "TextIOWrapper"):
        return True
    if name in ("run", "Popen", "check_output"):
        return "text" in given or "universal_newlines" in given
    if name in ("open", "fdopen", "NamedTemporaryFile", "TemporaryFile"):
        method = name.endswith("TemporaryFile") or name == "open" and isinstance(call.func, ast.Attribute)
        mode = given.get("mode", call.args[1 - method] if len(call.args) > 1 - method else None)
        if method and (mode and not isinstance(mode, ast.Constant) or "fileobj" in given):  # an image, an archive
            return False
        return not name.endswith("TemporaryFile") if mode is None else "b" not in ast.unparse(mode)
    return False


def code(path):
    """Return the Python of a file or of a notebook's cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = (cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
    return "\n".join("".join(line for line in cell if line[0] not in "%!") for cell in cells)


def test_every_text_has_its_encoding():
    found = [f"{path.relative_to(ROOT)}:{line}" for path in SOURCES for line in unnamed(code(path))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("source, seen", [
    ("open(path)", True), ("open(path, 'w')", True), ("open(path, mode='a')", True), ("open(path, 'rb')", False),
    ("open(path, 'ab' if more else 'wb')", False), ("open(path, encoding='utf-8')", False), ("path.open()", True),
    ("path.open('rb')", False), ("(a / 'b').open('w')", True), ("Image.open(path)", False),
    ("tarfile.open(fileobj=f, mode='r|')", False), ("os.open(p, f)", False),
    ("path.read_text()", True), ("path.write_text('a')", True), ("path.write_text('a', encoding='utf-8')", False),
    ("subprocess.run(a, text=True)", True), ("subprocess.run(a)", False), ("os.fdopen(n, 'w')", True),
    ("subprocess.Popen(a, text=True, encoding='utf-8')", False), ("tempfile.TemporaryFile()", False),
    ("tempfile.NamedTemporaryFile('w')", True)])
def test_what_the_test_would_see(source, seen):
    assert bool(unnamed(source)) == seen
