"""Choose what the paper leaves open: train with one change of the recipe, look at 5,000 held-out training images.

    python -m benchmarks.recipe_search --epochs 10 --set weight_decay=2e-3 --set rate=0.03

Test images take no part. Each call adds one row to the JSON file; a row that is there already is not computed again,
and a training that was cut off goes on where it stopped.
"""
import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path

from scratchnet import documents, systems
from scratchnet.checks import positive
from scratchnet.environment import environment
from scratchnet.errors import ScratchnetError
from scratchnet.experiments import Experiment, Plan
from scratchnet.locks import hold
from scratchnet.systems.kuo2016 import METHODS, RECIPES, Recipe

from .report import SEARCH, settings_of

RESULTS = Path(__file__).parent / "results" / "recipe-search.json"


def settings(recipe):
    """Return {setting: value} of a recipe; a candidate keeps all of them, for recipes change by what is found here."""
    return {name: value for name, value in asdict(recipe).items() if name != "name"}


def rows(path):
    """Return the rows of an earlier search, if there was one."""
    return documents.read(path, SEARCH, "take it from the repository, or delete it")["rows"] if path.exists() else []


def main():
    """Measure the candidate that the command line names, or end the program in one line that says what is wrong."""
    p = argparse.ArgumentParser(description="Train one candidate of the recipe and validate it on held-out images.")
    p.add_argument("--dataset", default="cifar10", choices=("mini", "cifar10", "cifar100"))
    p.add_argument("--method", default="pretrain_cnn_rgb_da", choices=METHODS)
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--validation", type=int, default=5000, metavar="N", help="images to hold out (default: 5000)")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--recipe", default="paper", choices=RECIPES, help="what the changes start from")
    p.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes")
    p.add_argument("--out", type=Path, default=Path("recipe-search"), help="folder for checkpoints")
    p.add_argument("--backend", default="auto")
    p.add_argument("--json", type=Path, default=RESULTS)
    options = p.parse_args()
    try:
        measure(options)
    except ScratchnetError as error:
        p.exit(2, f"error: {error}\n")


def measure(options):
    """Train one candidate and keep its settings, its history and its retrieval among the held-out images."""
    positive(validation=options.validation)
    recipe = RECIPES[options.recipe].changed(options.changes)
    row = {"dataset": options.dataset, "method": options.method, "epochs": options.epochs, "seed": options.seed,
           "validation": options.validation, "recipe": options.recipe, "settings": settings(recipe)}
    usual = settings(Recipe())  # what a row that is older than a setting had
    if any(row.items() <= {**other, "settings": {**usual, **settings_of(other)}}.items()
           for other in rows(options.json)):
        print("measured before:", options.json)
        return
    out = options.out / f"{options.epochs}-epochs-{options.validation}-held-out"
    system = systems.create("kuo2016", seed=options.seed, method=options.method, recipe=recipe, epochs=options.epochs)
    experiment = Experiment(Plan(options.dataset, out, [system], options.backend, resume=True,
                                 validation=options.validation))
    retrieval = experiment.retrieval_held_out(experiment.fit(system))
    row["command"] = " ".join(["python -m benchmarks.recipe_search", *sys.argv[1:]])
    row |= {"history": system.history, "angular": retrieval, "seconds": system.seconds,
            "environment": environment(experiment.xp)}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    while (held := hold(options.json.parent)) is None:  # another search adds its row
        time.sleep(0.1)
    documents.write(options.json, {"rows": [*rows(options.json), row]})
    del held
    print(f"{' '.join(options.changes) or 'as it is'}: held-out Top-1 {system.history[-1]['validation_top1']:.2%}, "
          f"angular MAP {retrieval['map']:.3f}, at 30 {retrieval['map_at_30']:.3f}")


if __name__ == "__main__":
    main()
