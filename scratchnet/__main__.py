"""``python -m scratchnet``: the same as the command ``scratchnet``."""
from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
