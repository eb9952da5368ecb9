"""Make the weights that come with the package: ``python -m scratchnet.experiments.publish RUN``.

RUN is the folder of a run of `scratchnet reproduce`, with system.npz and result.json. The parameters are rounded to
half precision, which halves the file, and evaluated as rounded, on all test images: the model card has both figures.
"""
import hashlib
import sys
from pathlib import Path

import numpy as np

from .. import checkpoint, documents, systems, trained
from ..backend import select
from .results import read_result
from .run import evaluate_file

LIMITS = ("Knows 32x32 photographs of its own classes only. CIFAR's test images have near-duplicates in the training "
          "set (3.25 % of CIFAR-10, 10 % of CIFAR-100), and its labels come from search engines and students. For "
          "teaching and research; not for decisions about people.")
TAKEN = ("dataset", "system", "method", "preset", "recipe", "seed", "epochs", "train_images", "settings", "command",
         "environment")


def publish(run, folder):
    """Write NAME.npz and NAME.json, NAME being the run's data set, to `folder`."""
    arrays, description = systems.read(run / "system.npz")
    result = read_result(run / "result.json")
    path = folder / f"{result['dataset']}.npz"
    checkpoint.save(path, {key: a.astype(np.float16) if key.startswith("param/") else a for key, a in arrays.items()},
                    {**description, "history": []})
    figures, *_ = evaluate_file(path, xp=select())
    documents.write(folder / f"{result['dataset']}.json", {
        "name": result["dataset"], "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size, "limits": LIMITS, "accuracy": figures["accuracy"],
        "accuracy_before_rounding": result["accuracy"], "retrieval": figures["retrieval"],
        **{key: result[key] for key in TAKEN}})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    publish(Path(sys.argv[1]), Path(trained.__file__).parent)
