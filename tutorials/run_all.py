"""Run every tutorial from top to bottom: ``python tutorials/run_all.py [--save]``.

Without --save nothing is written; with it the notebooks keep their fresh outputs. SCRATCHNET_QUICK=1 in the
environment makes them short.
"""
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from scratchnet.files import atomic_write


def main():
    save = "--save" in sys.argv[1:]
    for path in sorted(Path(__file__).parent.glob("[0-9]*.ipynb")):
        start = time.monotonic()
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=300, kernel_name="python3",
                       resources={"metadata": {"path": str(path.parent)}}).execute(cwd=path.parent)
        print(f"{path.name}: ran in {time.monotonic() - start:.0f} s", flush=True)
        if save:
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)  # time stamps would change with every run
            with atomic_write(path) as file:
                file.write(nbformat.writes(notebook).rstrip().encode() + b"\n")


if __name__ == "__main__":
    main()
