"""The paper's figures from finished runs: Figures 3, 4, 9, 10, 11, and training curves.

All but the curves show photographs or what is learnt from them, so the data set must lie on disk.
"""
from scratchnet import data, plotting
from scratchnet.documents import RESULT
from scratchnet.report import figures
from scratchnet.report.paper_tables import RETRIEVAL_METHOD, TITLES
from scratchnet.systems.kuo2016 import Kuo2016, Recipe

from . import read, settings_of
from .paper import label


def write(results):
    """Draw the figures of the runs of seed 0 in a folder of results, beside their JSON."""
    runs = [content["run"] for content in read(results, RESULT).values() if content["run"]["seed"] == 0]
    for name in dict.fromkeys(run["dataset"] for run in runs):
        mine = [run for run in runs if run["dataset"] == name]
        dataset = data.load(name)
        for figure in of(mine, dataset):
            path = results / f"{name}-{figure[0]}.png"
            plotting.save(figure[1], path)
            print(f"{path.name}: {TITLES[name]}, {figure[2]}")


def of(runs, dataset):
    """Yield (name, figure, title, caption) for the runs of one data set."""
    yield figures.channels(dataset)
    yield figures.curves({label(run["method"], run["recipe"]): run["history"] for run in runs})
    for run in runs:
        if run["method"] == RETRIEVAL_METHOD:
            if run["recipe"] == "paper":
                yield from (f for f in figures.pretraining(*learnt(run, dataset), run["method"]) if f[0] == "filters")
            for name, *rest in (figures.confusion(run, dataset.class_names),
                                *figures.retrieved(run["examples"], dataset, label(run["method"], run["recipe"]))):
                yield f"{run['recipe']}-{name}", *rest


def learnt(run, dataset):
    """Return what a run's auto-encoder learnt with and without whitening, by training it anew from the same seed."""
    system = Kuo2016(run["method"], len(dataset.class_names), Recipe(**settings_of(run)), run["seed"])
    system.fit_standardizer(dataset.train_images)
    return system.pretrain(dataset.train_images), system.unwhitened_kernels(dataset.train_images)
