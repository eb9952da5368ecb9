"""Planted bugs: one change of the package's text each, and the tests that must see it.

The folder's .txt files list them, a file a room:

    == layers/dense.py                      a file of scratchnet/, whose mirror test must see what follows
    == layers/dense.py | test_network.py    or these files of tests/, or single tests of them, FILE::TEST
    The bias's gradient is a mean           a few words, the mutant's name
    - dy.sum(axis=0)                        what stands in the file, exactly once
    + dy.mean(axis=0)                       what is planted instead; without such lines, nothing

A text of several lines has several such lines. Blank lines and those that begin with # are comments.
"""
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]


@dataclass
class Mutant:
    """A bug: where it is planted (`file`, relative to scratchnet/), what it is, and the tests (relative to tests/)."""

    words: str
    file: str
    tests: tuple
    old_lines: list = field(default_factory=list)
    new_lines: list = field(default_factory=list)

    @property
    def old(self):
        """The text that stands in the file."""
        return "\n".join(self.old_lines)

    def planted_in(self, text):
        """Return the text of the file with the bug in it."""
        if self.old not in text or text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times, not once: {self.old!r}")
        return text.replace(self.old, "\n".join(self.new_lines))

    def __str__(self):
        return f"{self.file}: {self.words}"


def mirror(file):
    """Return the test file, relative to tests/, that mirrors a file of the package."""
    path = PurePosixPath(file)
    if path.name == "__init__.py":
        return (path.parent / f"test_{path.parent.name}.py").as_posix()
    return path.with_name(f"test_{path.stem}.py").as_posix()


def parsed(text):
    """Return the mutants of a .txt file."""
    found, file, tests = [], None, ()
    for line in text.splitlines():
        mark, rest = line[:2], line[2:]
        if not line.strip() or line.startswith("#"):
            continue
        if mark == "==":
            file, _, named = (part.strip() for part in rest.partition("|"))
            tests = tuple(named.split()) or (mirror(file),)
        elif mark.strip() == "-":
            found[-1].old_lines.append(rest)
        elif mark.strip() == "+":
            found[-1].new_lines.append(rest)
        else:
            found.append(Mutant(line.strip(), file, tests))
    return found


def mutants():
    """Return all mutants, room by room."""
    return [mutant for path in sorted(Path(__file__).parent.glob("*.txt"))
            for mutant in parsed(path.read_text(encoding="utf-8"))]
