"""The planted bugs keep up with the package: each can still be planted, and no module is without one."""
import subprocess

import gpu_emulator
import pytest

from scratchnet.gpu import parameters, program, source
from scratchnet.layers import MaxPool2D
from scratchnet.layers.conv_winograd import _defines
from tests.mutants.table import ROOT, Mutant, mirror, mutants, parsed

ALL = mutants()
PACKAGE = ROOT / "scratchnet"


def text_of(file):
    return (PACKAGE / file).read_text(encoding="utf-8")


def test_each_can_be_planted_once_and_is_python():
    wrong = []
    for mutant in ALL:
        try:
            planted = mutant.planted_in(text_of(mutant.file))
            if mutant.file.endswith(".py"):
                compile(planted, str(mutant), "exec")
        except (OSError, ValueError, SyntaxError) as error:
            wrong.append(f"{mutant}: {error}")
    assert wrong == [], "\n".join(wrong)


@pytest.mark.skipif(gpu_emulator.COMPILER is None, reason="g++ is not installed")
@pytest.mark.parametrize("mutant", [mutant for mutant in ALL if mutant.file.endswith(".cu")], ids=str)
def test_each_in_a_kernel_is_c(mutant):
    file = mutant.file.rpartition("/")[2].removesuffix(".cu")
    defines = {**MaxPool2D(2).defines((1, 8, 8, 4)), **_defines(4, 8, (1, 8, 8, 4), 2, 2, 2)}
    for _, name in (declared for kernel in parameters(file).values() for declared in kernel):
        defines.pop(name, None)
    whole = program(file, "f8", defines).replace(source(file), mutant.planted_in(source(file)))
    done = subprocess.run([gpu_emulator.COMPILER, "-std=c++17", "-fsyntax-only", "-x", "c++", "-"], text=True,
                          input=gpu_emulator.HEADER + whole, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_its_tests_are_there_and_its_name_is_its_own():
    files = {test.partition("::")[0] for mutant in ALL for test in mutant.tests}
    assert [file for file in sorted(files) if not (ROOT / "tests" / file).is_file()] == []
    assert len({str(mutant) for mutant in ALL}) == len(ALL)


def test_every_module_has_some():
    modules = {path.relative_to(PACKAGE).as_posix() for pattern in ("*.py", "*.cu") for path in PACKAGE.rglob(pattern)
               if path.name not in ("__init__.py", "__main__.py")}
    missing = modules - {mutant.file for mutant in ALL}
    assert sorted(missing) == [], "plant a bug in each, in a .txt file of tests/mutants/"


TEXT = """# a comment
== layers/dense.py
Two lines become one
- first
-     second
+ one

Nothing is left
- third
== training/__init__.py | test_a.py b/test_c.py
Another file
- x
+ y
"""


def test_the_format():
    two, nothing, other = parsed(TEXT)
    assert (two.words, two.file, two.tests) == ("Two lines become one", "layers/dense.py", ("layers/test_dense.py",))
    assert two.planted_in("a first\n    second b") == "a one b" and nothing.planted_in("a third b") == "a  b"
    assert (other.file, other.tests, str(other)) == ("training/__init__.py", ("test_a.py", "b/test_c.py"),
                                                     "training/__init__.py: Another file")
    assert mirror("training/__init__.py") == "training/test_training.py" and mirror("gpu/a.cu") == "gpu/test_a.py"
    assert mirror("losses.py") == "test_losses.py"


@pytest.mark.parametrize("text", ["", "x and x"])
def test_what_is_not_there_once_cannot_be_planted(text):
    with pytest.raises(ValueError, match="not once"):
        Mutant("A bug", "losses.py", (), ["x"], ["y"]).planted_in(text)
