"""What every system of this package can do, whoever invented it.

A system learns from labelled images (`fit`), describes images for retrieval (`descriptors`), may classify them
(`scores`), and can be saved to a file and loaded (`save`, `load`). What is above it (commands, reports,
benchmarks) takes any system; what is below it (layers, losses, unsupervised learners, distances) knows
none.
"""
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from .. import checkpoint
from ..backend import array_module, to_device, to_host
from ..checks import positive, typed
from ..errors import CheckpointError, InputError, OutputError, SettingsError
from ..parallel import workers_for
from ..schema import amount, anything, count, exactly, like, text
from ..schema import positive as at_least_1
from ..suggest import nearest
from .fitting import Fitting, check_images, check_labels

KIND = "system"
DESCRIPTION = {  # of the file of a fitted system
    "kind": exactly(KIND), "about": {"system": text, "preset": text, "seed": count, "classes": at_least_1,
                            "settings": {...: anything}},
    "run": {...: anything}, "history": [{...: anything}], "seconds": {...: amount}}
PRESETS = ("quick", "cpu", "paper")
TOGETHER = 100  # images that are described together, however many threads there are: BLAS rounds by size


class System:
    """Base class. A subclass sets the attributes and writes `_fit`, `_outputs`, `_settings`, `_state`, `_restore` and,
    where it keeps arrays on a GPU, `to`.

    Parameters
    ----------
    preset : str
        One of `presets`, whose settings the caller has taken over already; see `create`.
    seed : int
        Random seed.

    Attributes
    ----------
    name, title, paper : str
        What the registry calls it, what a table calls it, and where it was published.
    published : dict of str to float
        Top-1 in percent, by data set, as published.
    variants : dict of str to dict
        The same by the `method` of a system that has several, for those whose figure is another.
    epochs : int
        Passes over the images that a fit makes, or iterations.
    hashes : bool
        Whether its outputs have binary "codes", of `bits` bits.
    presets : dict of str to dict
        Settings by name: "quick" (the embedded images, a minute at most), "cpu" (the full data set on two cores) and
        "paper" (as published).
    history : list of dict
        Rows of figures, one per epoch or iteration; empty before `fit`.
    seconds : dict of str to float
        What the parts of `fit` took.
    run : dict
        Of a system that came from a file: which run it is the result of, as `save` was told.
    """

    name = title = paper = ""
    published = {}
    variants = {}
    hashes = False
    presets = {"quick": {}, "cpu": {}, "paper": {}}

    def __init__(self, preset="cpu", seed=0):
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise SettingsError(f"the seed must be a whole number of at least 0, got {seed!r}")
        self.preset, self.seed, self.xp = preset, int(seed), np
        self.classes, self.history, self.seconds, self.run = None, [], {}, {}

    @classmethod
    def create(cls, preset="cpu", seed=0, **settings):
        """Return an unfitted system with the settings of a preset, and others by keyword."""
        if preset not in cls.presets:
            raise SettingsError(f"{cls.name} has no preset {preset!r}{nearest(str(preset), cls.presets)}: "
                                f"choose one of {', '.join(cls.presets)}")
        known = cls(preset=preset, seed=seed)._settings()
        for key in settings:
            if key not in known:
                raise SettingsError(f"{cls.name} has no setting {key!r}{nearest(key, known)}; it has "
                                    f"{', '.join(known) or 'none'}")
        return cls(preset=preset, seed=seed, **{**cls.presets[preset], **settings})

    @classmethod
    def configured(cls, preset="cpu", seed=0, changes=(), epochs=None, **settings):
        """Return an unfitted system as a command line describes it, with changes ``["name=value", ...]``."""
        known = cls.create(preset, seed, **settings)._settings()
        for change in changes:
            key, _, text = change.partition("=")
            if key not in known:
                listing = ", ".join(f"{name}={value}" for name, value in known.items())
                raise SettingsError(f"{cls.name} has no setting {key!r}{nearest(key, known)}; it has {listing}")
            settings[key] = typed(text, known[key], key)
        if epochs is not None:
            if "epochs" in settings:
                raise SettingsError("epochs are given twice: leave out --epochs, or --set epochs")
            settings["epochs"] = epochs
        return cls.create(preset, seed, **settings)

    @property
    def label(self):
        """A name for files and tables that distinguishes this system from those with other settings."""
        plain = {**type(self)(preset=self.preset)._settings(), **self.presets[self.preset]}
        changes = [f"{key}={value}" for key, value in self._settings().items() if plain[key] != value]
        return "+".join([f"{self.name}-{self.preset}", *changes])

    @property
    def method(self):
        """The variant of the system that this one is; its name where there is only one."""
        return self.name

    @classmethod
    def published_top1(cls, method, dataset):
        """Return the published Top-1 of one of the system's methods in percent, or None."""
        return cls.variants.get(method, cls.published).get(dataset)

    def to(self, xp):
        """Compute on the backend `xp` from now on, and return the system.

        A subclass that keeps arrays there moves them, too.
        """
        self.xp = xp
        return self

    def fit(self, images, labels, *, classes=None, threads=None, workers=None, epochs=None, progress=None, path=None,
            resume=False, validate=None, say=None, about=None, checkpoint_seconds=30.0):
        """Learn from images and return the system.

        Parameters
        ----------
        images : (N, 32, 32, 3) uint8 array
            On the host.
        labels : (N,) integer array
        classes : int, optional
            None means one more than the largest label.
        threads : int, optional
            None means one per core.
        workers : Workers, optional
            An open pool to use in place of one of `threads` threads.
        epochs : int, optional
            Passes over the images, or iterations; None means the preset's.
        progress, validate, checkpoint_seconds
            See `Fitting`.
        path : path, optional
            Checkpoint: the state of learning, from which a run that was cut off goes on.
        resume : bool
            Go on from `path`, if there is something; else a file there is refused.
        say : callable, optional
            Is given lines of text.
        about : dict, optional
            Of the run. A checkpoint that says something else is not resumed.

        Raises
        ------
        InputError
            If images or labels are not of that kind.
        OutputError
            If there is a checkpoint and `resume` was not asked for.
        CapacityError
            If the images' features do not fit into memory, or onto the disk.
        """
        check_images(images)
        self.classes = check_labels(labels, len(images), classes)
        if epochs is not None:
            positive(epochs=epochs)
            self.epochs = int(epochs)
        path = None if path is None else Path(path)
        if path is not None and path.exists() and not resume:
            raise OutputError(f"{path} holds an earlier run: resume it, or choose another path")
        self.check(len(images), path and path.parent)
        self.history, self.seconds = [], {}
        with nullcontext(workers) if workers else self.workers(threads) as pool:
            self._fit(images, labels, Fitting(pool, path, about or {}, progress, say or (lambda line: None), validate,
                                              checkpoint_seconds))
        return self

    def check(self, n, folder=None):
        """Refuse a fit to n images that this machine has no room for; `folder` is where its files will be.

        Raises
        ------
        CapacityError
            In one line that says what would fit.
        """

    def workers(self, threads=None):
        """Return a pool, not yet open, for the system's backend."""
        return workers_for(self.xp, threads)

    def outputs(self, images, workers=None):
        """Return everything that the system computes from images, as a dict of arrays.

        Parameters
        ----------
        images : (N, 32, 32, 3) uint8 array
        workers : Workers, optional
            An open pool that shares the images.

        Returns
        -------
        dict of str to array
            On the backend of `images`. "descriptor": (N, d) float32 array. "scores": (N, classes) float array, if the
            system classifies. "codes": (N, bytes) uint8 array, packed, if it `hashes`. Others are further descriptors,
            by name.
        """
        check_images(images)
        self._check_fitted()
        if len(images) == 0:
            return {key: value[:0] for key, value in self.outputs(np.zeros((1, 32, 32, 3), np.uint8)).items()}

        def of(start):
            found = self._outputs(to_device(images[start:start + TOGETHER], self.xp))
            return {key: to_host(value) if isinstance(images, np.ndarray) else value for key, value in found.items()}
        parts = list((workers.each if workers else map)(of, range(0, len(images), TOGETHER)))
        return {key: array_module(images).concatenate([part[key] for part in parts]) for key in parts[0]}

    def descriptors(self, images):
        """Return the descriptors (N, d) of images (N, 32, 32, 3) uint8."""
        return self.outputs(images)["descriptor"]

    def scores(self, images):
        """Return the scores (N, classes) of images (N, 32, 32, 3) uint8, or None if the system does not classify."""
        return self.outputs(images).get("scores")

    def pictures(self):
        """Return what there is to be seen of a fitted system, {name: {title: (n, K, K) or (n, K, K, C) array}}.

        The names are some of "filters" (what it looks for), "growth" (the same after several epochs) and "dreams"
        (images, and what it makes of them).
        """
        return {}

    def summary(self, classes):
        """Return a text that says what the system consists of, for so many classes."""
        return "\n".join([f"{self.title} ({self.paper})", *(f"  {key}: {value}" for key, value in
                                                            self._settings().items())])

    def describe(self):
        """Return all that `load` needs besides arrays, ready for JSON."""
        return {"system": self.name, "preset": self.preset, "seed": self.seed, "classes": self.classes,
                "settings": self._settings()}

    def save(self, path, about=None):
        """Write the fitted system to `path` (.npz without pickle), whole or not at all.

        `about` says of which run it is the result.
        """
        self._check_fitted()
        checkpoint.save(path, self._state(), {"kind": KIND, "about": self.describe(), "run": about or {},
                                              "history": self.history, "seconds": self.seconds})

    @classmethod
    def restore(cls, arrays, description, path):
        """Return the fitted system that `save` described."""
        about = description["about"]
        checkpoint.check(about["settings"], like(cls()._settings()), path)
        try:
            system = cls.create(about["preset"], about["seed"], **about["settings"])
        except SettingsError as error:
            raise CheckpointError(f"{path} does not say how its system is built ({error}): train it again") from None
        system.classes, system.run = about["classes"], description["run"]
        system.history, system.seconds = description["history"], description["seconds"]
        system._restore(arrays, path)
        return system

    def _check_fitted(self):
        if self.classes is None:
            raise InputError(f"{self.name} has not been fitted: fit it first, or load a fitted one")

    def _fit(self, images, labels, fitting):
        """Learn from checked images and labels, on the backend `xp`, for `epochs` epochs or iterations.

        What was learnt goes into attributes; a row for each epoch into `history` ("epoch", "loss", "train_top1", and
        what ``fitting.validate(self)`` returns where it is there), and what the parts took into `seconds`, in "train"
        and whatever else there is.
        """
        raise TypeError(f"{type(self).__name__} does not say how it learns")

    def _outputs(self, images):
        """Return `outputs` of some images on the system's own backend."""
        raise TypeError(f"{type(self).__name__} does not say how it describes images")

    def _settings(self):
        """Return the settings, {keyword of the constructor: value}, ready for JSON."""
        return {}

    def _state(self):
        """Return what was learnt as a dict of arrays."""
        raise TypeError(f"{type(self).__name__} does not say what it has learnt")

    def _restore(self, arrays, path):
        """Take back what `_state` returned."""
        raise TypeError(f"{type(self).__name__} does not say how it comes back from a file")
