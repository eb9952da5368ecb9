"""Draws the plots and writes the tables in the READMEs from the JSON of earlier runs.

    python -m benchmarks.report [--pictures]
"""
import argparse
from pathlib import Path

from scratchnet.errors import ScratchnetError

from . import ablations, gpu, headline, paper, pictures, search, speed, systems

ROOT = Path(__file__).resolve().parents[2]


def main(arguments=None):
    """Write everything that a folder of results, laid out as benchmarks/results, allows."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--results", type=Path, default=ROOT / "benchmarks/results", metavar="DIR")
    p.add_argument("--root", type=Path, default=ROOT, metavar="DIR", help="where README.md and benchmarks/ lie")
    p.add_argument("--pictures", action="store_true",
                   help="also draw the paper's figures, which takes the data sets and a minute")
    options = p.parse_args(arguments)
    try:
        speed.write(options.results / "speed", options.root)
        gpu.write(options.results / "gpu", options.root)
        paper.write(options.results / "paper", options.root)
        systems.write(options.results, options.root)
        ablations.write(options.results / "ablations", options.root)
        if options.pictures:
            pictures.write(options.results / "paper")
        search.write(options.results, options.root)
        headline.write(options.results, options.root)
    except ScratchnetError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
