"""Make weights for the package from a finished run: ``python -m scratchnet.trained.make RUN``.

RUN is the folder of a run of `scratchnet reproduce`, with checkpoint.npz and result.json. The parameters are rounded to
half precision, which halves the file, and evaluated as rounded, on all test images: the model card has both figures.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from .. import checkpoint, files
from ..backend import select
from ..experiments import evaluate_checkpoint, load_trained

LIMITS = ("Knows 32x32 photographs of its own classes only. CIFAR's test images have near-duplicates in the training "
          "set (3.25 % of CIFAR-10, 10 % of CIFAR-100), and its labels come from search engines and students. For "
          "teaching and research; not for decisions about people.")


def make(run, folder):
    """Write NAME.npz and NAME.json, NAME being the run's data set, to `folder`."""
    system, *_ = load_trained(run / "checkpoint.npz")
    _, description = checkpoint.load(run / "checkpoint.npz")
    result = json.loads((run / "result.json").read_text())["run"]
    name = result["dataset"]
    path = folder / f"{name}.npz"
    checkpoint.save(path, {f"param/{key}": p.astype(np.float16) for key, p in system.network.params.items()},
                    {"about": {**description["about"], "folded": True}})
    figures = evaluate_checkpoint(path, xp=select())
    card = {"name": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size,
            "limits": LIMITS, "accuracy": figures["accuracy"], "accuracy_before_rounding": result["accuracy"],
            "retrieval": figures["retrieval"]}
    card |= {key: result[key] for key in ("dataset", "method", "recipe", "seed", "epochs", "train_images", "settings",
                                          "command", "environment")}
    files.write_json(folder / f"{name}.json", card)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(Path(sys.argv[1]), Path(__file__).parent)
