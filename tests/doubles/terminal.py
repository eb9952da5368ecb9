"""What a person types, and what comes back."""
import os
import subprocess
import sys
from pathlib import Path

from scratchnet.cli import main

ROOT = Path(__file__).parents[2]


def run(capsys, *arguments):
    """Return exit code, stdout and stderr of a command."""
    try:
        code = main([str(a) for a in arguments])
    except SystemExit as exit:
        code = exit.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refused(capsys, *arguments):
    """Return the one line with which a command is refused."""
    code, out, err = run(capsys, *arguments)
    assert code == 2 and err.startswith("scratchnet: error: ") and err.count("\n") == 1 and "Traceback" not in err
    return err


def surroundings(path=(), **environment):
    """Return the variables of a process that finds modules in `path` first and in this checkout then.

    Output is buffered as it is where nobody asks for anything else; None takes a variable away.
    """
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT])), "PYTHONUNBUFFERED": "",
                 **environment}
    return {name: value for name, value in variables.items() if value is not None}


def shell(line, cwd, path=(), **environment):
    """Let a shell run a line in which ``scratchnet`` is the command, as a process of its own; return what came of it.

    Both streams come back as bytes.
    """
    return subprocess.run(["bash", "-c", f'scratchnet() {{ "{sys.executable}" -m scratchnet "$@"; }}; {line}'], cwd=cwd,
                          env=surroundings(path, **environment), capture_output=True, timeout=120)
