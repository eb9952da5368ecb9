"""Run every tutorial from top to bottom: ``python tutorials/run_all.py [--save]``.

Without --save nothing is written; with it the notebooks keep their fresh outputs. SCRATCHNET_QUICK=1 in the
environment makes them short. A cell may take as long as it needs; one that fails is named in one line, exit code 1.
"""
import sys
import time
from pathlib import Path

from scratchnet.files import atomic_write


def main():
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
    save = "--save" in sys.argv[1:]
    for path in sorted(Path(__file__).parent.glob("[0-9]*.ipynb")):
        start = time.monotonic()
        notebook = nbformat.read(path, as_version=4)
        client = NotebookClient(notebook, timeout=None, kernel_name="python3",
                                resources={"metadata": {"path": str(path.parent)}})
        try:
            client.execute(cwd=path.parent)
        except (CellExecutionError, DeadKernelError) as error:
            raise SystemExit(f"{path.name}: {failure(notebook.cells) or error}") from None
        print(f"{path.name}: ran in {time.monotonic() - start:.0f} s", flush=True)
        if save:
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)  # time stamps would change with every run
            with atomic_write(path) as file:
                file.write(nbformat.writes(notebook).rstrip().encode() + b"\n")


def failure(cells):
    """Return in one line which cell of a notebook failed and why, counted from 1 with the texts; None if none did."""
    for number, cell in enumerate(cells, 1):
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                return f"cell {number} failed ({' '.join((output['ename'] + ': ' + output['evalue']).split())})"
    return None


if __name__ == "__main__":
    main()
