"""What a person types, and what comes back."""
from scratchnet.cli import main


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
