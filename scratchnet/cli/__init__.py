"""The command line: ``scratchnet COMMAND``.

`parser` says what can be typed, `commands` and `data_commands` turn options into a call of the library and its result
into text. A user's mistake is one line on stderr and exit code 2; an interrupted command says how to go on and exits
with 130.
"""
import sys

from ..errors import ScratchnetError
from .parser import build_parser


def main(arguments=None):
    """Run one command and return its exit code: 0 done, 1 a check failed, 2 a user's mistake, 130 interrupted."""
    options = build_parser().parse_args(arguments)
    options.command_line = "scratchnet " + " ".join(sys.argv[1:] if arguments is None else arguments)
    try:
        return options.run(options) or 0
    except ScratchnetError as error:
        print(f"scratchnet: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("scratchnet: interrupted; a command that has --resume goes on from its last checkpoint", file=sys.stderr)
        return 130
    except BrokenPipeError:  # e.g. `scratchnet summary | head`
        sys.stderr.close()
        return 0
