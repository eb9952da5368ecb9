"""Make the weights that come with the package: ``python -m scratchnet.experiments.publish RUN``.

RUN is the folder of a run of `scratchnet reproduce`, with system.npz and result.json. The parameters are rounded to
half precision, which halves the file, and evaluated as rounded, on all test images: the model card has both figures.
With the name of weights that are there already, ``python -m scratchnet.experiments.publish cifar10``, they are
evaluated again, and their card is rewritten.
"""
import hashlib
import sys
from pathlib import Path

import numpy as np

from .. import checkpoint, documents, systems, trained
from ..backend import select
from ..environment import environment
from .results import read_result
from .run import evaluate_file

LIMITS = ("Knows 32x32 photographs of its own classes only. CIFAR has near-duplicates: 286 (CIFAR-10) and 891 "
          "(CIFAR-100) of its 10,000 test images have one among the training images, as people judged. The labels come "
          "from search engines and students. For teaching and research; not for decisions about people.")
TAKEN = ("dataset", "system", "method", "preset", "recipe", "seed", "epochs", "train_images", "settings")  # of the run
FIGURES = ("accuracy", "retrieval", "gallery", "class_floor", "chance", "without_near_duplicates")


def publish(run, folder):
    """Write NAME.npz and NAME.json, NAME being the run's data set, to `folder`."""
    arrays, description = systems.read(run / "system.npz")
    result = read_result(run / "result.json")
    path = folder / f"{result['dataset']}.npz"
    checkpoint.save(path, {key: a.astype(np.float16) if key.startswith("param/") else a for key, a in arrays.items()},
                    {**description, "history": []})
    write_card(path, {"accuracy_before_rounding": result["accuracy"], **{key: result[key] for key in TAKEN},
                      "training": {key: result[key] for key in ("command", "environment")}})


def write_card(path, origin):
    """Evaluate the weights NAME.npz and write NAME.json beside them, with what is known of their origin."""
    xp = select()
    figures, *_ = evaluate_file(path, xp=xp)
    documents.write(path.with_suffix(".json"), {
        "name": path.stem, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size,
        "limits": LIMITS, **{key: figures[key] for key in FIGURES},
        "command": f"scratchnet evaluate --pretrained {path.stem}", "environment": environment(xp), **origin})


def evaluate_again(name, folder):
    """Rewrite the card of weights in `folder`."""
    card = trained.card(name)
    write_card(folder / f"{name}.npz", {key: card[key] for key in ("accuracy_before_rounding", *TAKEN, "training")})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    where = Path(trained.__file__).parent
    if sys.argv[1] in trained.NAMES:
        evaluate_again(sys.argv[1], where)
    else:
        publish(Path(sys.argv[1]), where)
