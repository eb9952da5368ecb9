"""The kinds of files that the project writes and reads back, for the campaign; see `harness`."""
import json
from pathlib import Path

import numpy as np
from harness import BYTES, Kind, edit, mutated
from reports import LEDGER, made_up_run

from benchmarks import report
from benchmarks.report import search, speed
from scratchnet import checkpoint, documents, systems, trained
from scratchnet.errors import CheckpointError
from scratchnet.experiments.results import read_predictions, read_result, read_results, write_result, write_results
from scratchnet.layers import Dense, ReLU
from scratchnet.network import Network
from scratchnet.parallel import Workers
from scratchnet.report import write_report
from scratchnet.retrieval import FlatIndex
from scratchnet.systems import measured
from scratchnet.systems.kuo2016 import Kuo2016, pretraining
from scratchnet.training.optimizers import SGD
from scratchnet.training.schedules import constant
from scratchnet.training.trainer import Trainer

ROOT = Path(__file__).parents[2]


# ---- damages that know how the file is signed ----

def signed_anew(rng, path):
    """Change one node of a document and sign it again."""
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["digest"]
    if isinstance(content := mutated(rng, content), dict):
        documents.write(path, content)


def another_description(rng, path):
    """Change one node of a checkpoint's description and sign it again."""
    arrays, description = checkpoint.load(path)
    checkpoint.save(path, arrays, mutated(rng, {"description": description}).get("description"))


def other_arrays(rng, path):
    """Take an array of a checkpoint away, rename it, or put another one in its place, and sign the file again."""
    arrays, description = checkpoint.load(path)
    name = sorted(arrays)[rng.integers(0, len(arrays))]
    array = arrays.pop(name)
    others = (None, np.zeros(3), array.astype(np.int32), array[..., None], array.ravel()[:0], array * np.nan, None,
              array.astype(np.float16), array.astype(bool), np.zeros((0, *array.shape)), np.array(1e300))
    other = others[rng.integers(0, len(others))]
    if other is not None:
        arrays[name] = other
    elif rng.random() < 0.5:
        arrays[name[:-1]] = array
    checkpoint.save(path, arrays, description)


CHECKPOINT = {"damages": BYTES, "forged": (another_description, other_arrays)}
DOCUMENT = {"damages": (*BYTES, edit, edit, edit, edit, edit), "forged": 5 * (signed_anew,)}


# ---- checkpoints ----

def trainer(path):
    rng = np.random.default_rng(1)
    network = Network({"fc1": Dense(2, 8, rng=rng), "relu": ReLU(), "fc2": Dense(8, 3, rng=rng)})
    return Trainer(network, SGD(), constant(0.05), Workers(1), lambda images, rng: images, 3, batch=16, path=path)


def make_training(folder):
    rng, path = np.random.default_rng(0), folder / "checkpoint.npz"
    t = trainer(path)
    with t.workers:
        t.fit(rng.standard_normal((90, 2)).astype(np.float32), rng.integers(0, 3, 90))
    return path


def use_training(path):
    t = trainer(path)
    t.resume()
    return checkpoint.digest(t._arrays()) + repr(vars(t.state))


def make_pretraining(folder):
    rng, path = np.random.default_rng(0), folder / "pretraining.npz"
    shapes = pretraining.shapes(Kuo2016().recipe, 5)
    arrays = {name: rng.standard_normal([9 if n is None else n for n in shape]) for name, (shape, _) in shapes.items()}
    checkpoint.save(path, arrays, {"kind": "pretraining", "about": {"dataset": "mini", "seed": 0}, "seconds": 1.5})
    return path


def use_pretraining(path):
    arrays, description = Kuo2016().read_pretraining(path)
    return checkpoint.digest(arrays) + repr(description)


def make_system(folder):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8), rng.integers(0, 4, 20)
    systems.create("pixels", "quick", epochs=2).fit(images, labels, progress=False).save(
        folder / "system.npz", {"dataset": "mini", "train_images": 20, "validation": 0})
    return folder / "system.npz"


def use_system(path):
    system = systems.load(path)
    return checkpoint.digest(system._state()) + repr((system.describe(), system.run, system.history, system.seconds))


def make_index(folder):
    vectors = np.random.default_rng(0).standard_normal((50, 8))
    FlatIndex("angular", source="a" * 64).add(vectors).save(folder / "index.npz")
    return folder / "index.npz"


def use_index(path):
    index = FlatIndex.load(path)
    q = np.random.default_rng(1).standard_normal((3, 8))
    return checkpoint.digest(dict(zip("DI", index.search(q, 5)))) + repr((index.metric, index.source))


def make_weights(folder):
    for name in ("cifar10.json", "cifar10.npz"):
        (folder / name).write_bytes((Path(trained.__file__).with_name(name)).read_bytes())
    return folder / "cifar10.npz"


def use_weights(path):
    trained.files = lambda package: path.parent  # in a child process of the campaign's own
    system = trained.load_pretrained("cifar10")
    return checkpoint.digest(system._state()) + repr(system.describe()) + repr(trained.card("cifar10"))


# ---- documents ----

def run(seed=0):
    return made_up_run(np.random.default_rng(seed), "cifar10", "pretrain_cnn_rgb_da", seed=seed)


def page(runs, path, **more):
    out = path.with_name("report.html")
    write_report({"command": "c", "environment": {"date": "2026-01-02"}, "runs": runs, **more}, [], LEDGER, out)
    return out.read_text(encoding="utf-8")


def make_result(folder):
    each = {"predicted": np.arange(200, dtype=np.uint8), "angular/map": np.linspace(0, 1, 200).astype(np.float16)}
    write_result(folder / "result.json", {"dataset": "cifar10"}, run(), each)
    return folder / "result.json"


def use_result(path):
    return page([read_result(path, {"dataset": "cifar10"})], path)


def make_predictions(folder):
    return make_result(folder).with_name("predictions.npz")


def use_predictions(path):
    return checkpoint.digest(read_predictions(path.with_name("result.json")))


def make_results(folder):
    write_results(folder / "results.json", {"command": "c", "environment": {"date": "d"}, "runs": [run(0), run(1)]})
    return folder / "results.json"


def use_results(path):
    return page(path=path, **read_results(path))


def make_card(folder):
    return make_weights(folder).with_suffix(".json")


def use_card(path):
    trained.files = lambda package: path.parent
    return repr(trained.card("cifar10"))


def make_measured(folder):
    (folder / "measured.json").write_bytes(Path(measured.__file__).with_name("measured.json").read_bytes())
    return folder / "measured.json"


def use_measured(path):
    measured.files = lambda package: path.parent
    return repr(measured.measured())


def make_times(folder):
    (folder / "training_step-1.json").write_bytes(
        (ROOT / "benchmarks/results/speed/training_step-1.json").read_bytes())
    return folder / "training_step-1.json"


def read(path, form):
    """Read a file of a benchmark; a link to nothing is no file, and what is not there is not reported."""
    runs = report.read(path.parent, form, path.name)
    if not runs:
        raise CheckpointError(f"there is no {path.name}")
    return runs


def use_times(path):
    runs = read(path, report.TIMES)
    return speed.table(speed.gather(found["rows"] for found in runs.values()), runs)


def make_search(folder):
    (folder / "recipe-search.json").write_bytes((ROOT / "benchmarks/results/recipe-search.json").read_bytes())
    return folder / "recipe-search.json"


def use_search(path):
    (found,) = read(path, report.SEARCH).values()
    return search.table(found["rows"])


KINDS = {
    "checkpoint": Kind(make_training, use_training, **CHECKPOINT),
    "pretraining": Kind(make_pretraining, use_pretraining, **CHECKPOINT),
    "system": Kind(make_system, use_system, **CHECKPOINT),
    "index": Kind(make_index, use_index, **CHECKPOINT),
    "weights": Kind(make_weights, use_weights, **CHECKPOINT),
    "predictions": Kind(make_predictions, use_predictions),
    "result": Kind(make_result, use_result, **DOCUMENT),
    "results": Kind(make_results, use_results, **DOCUMENT),
    "card": Kind(make_card, use_card, **DOCUMENT),
    "measured": Kind(make_measured, use_measured, **DOCUMENT),
    "times": Kind(make_times, use_times, **DOCUMENT),
    "search": Kind(make_search, use_search, **DOCUMENT),
}
