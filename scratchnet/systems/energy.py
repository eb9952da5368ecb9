"""What the systems with Boltzmann machines share: a network that starts from them, and how one learns and is shown."""
import inspect

import numpy as np

from .. import checkpoint
from ..backend import to_device, to_host
from ..checks import counts, flags, not_negative, positive
from ..errors import SettingsError
from ..layers import Dropout
from ..memory import free_memory
from ..randomness import stream
from ..training.optimizers import SGD
from ..training.schedules import one_cycle
from ..training.trainer import Trainer
from ..unsupervised import ContrastiveDivergence, principal_components
from .contract import System
from .features import check_capacity
from .fitting import bar

D = 32 * 32 * 3
WHITENING_IMAGES = 20_000  # training images whose whitening is learnt
SCALED = 1000  # images by which the machine's weights are scaled for back-propagation
PCA_IMAGES = 2500  # those whose hidden units' principal components make the descriptors
SHOWN = 32  # hidden units in a picture
CHAINS = 16  # images in a picture, each the start of a Markov chain
STEPS = (0, 1, 10, 100)  # of a chain, after which it is looked at


class EnergySystem(System):
    """A network whose first layers start as those of Boltzmann machines, and then learns by back-propagation.

    A subclass has its settings as attributes of their names, `shard`, how many images are computed together, and writes

    - ``needs(n)``, the bytes of memory and disk of a fit to n images, and ``pictures()``;
    - ``_whiten(images, about, fitting)``, which learns what `_data` takes, and returns the seconds;
    - ``_data(images)``, what the trainer draws from, on the backend, and ``_prepare(data, rng=None)``, the network's
      input for some of it, moved and mirrored with `rng`;
    - ``_build()``, which makes `network`, and ``_start(data, about, fitting)``, which lets it start from machines,
      keeps in `seen` what pictures show of them, and returns the seconds;
    - ``_activity(data)``, the hidden units whose principal components are descriptors and that the classifier takes;
    - ``_nothing_seen()``, `seen` without a machine, and ``_shapes()`` of `learnt` and `seen` in a file.

    Parameters
    ----------
    preset, seed
        See `System`.
    pretrain : bool
        Whether the network starts from machines; if not, as He et al. (2015) have it.
    epsilon : float
        Of the whitening; see the subclass.
    rbm_epochs, rbm_rate, rbm_decay : int, float, float
        Of contrastive divergence; its rate rises and falls as that of back-propagation.
    sigma : float
        Standard deviation of a visible unit given the hidden ones; a machine sees whitened data, whose own is 1,
        divided by it. With 1, nothing would be left for hidden units to explain: white data are what a machine without
        any weights believes in.
    sparsity, sparsity_weight : float
        What the means of hidden units are drawn to, and how strongly they are drawn; with a weight of 0 they are free.
    dropout : float
        Share of the units before the classifier that is switched off while training.
    shift, flip : int, bool
        By how many pixels images are moved, at most, and whether half of them are mirrored, while training.
    epochs, rate, decay : int, float, float
        Of back-propagation: a cycle of the rate up to `rate` and down to 0.
    batch : int
        Images of a step, of both.
    momentum : float
        Of both.
    components : int
        Numbers of a descriptor; 0 for all hidden units.
    """

    shard = 64

    def __init__(self, preset, seed, *, pretrain, epsilon, rbm_epochs, rbm_rate, rbm_decay, sigma, sparsity,
                 sparsity_weight, dropout, shift, flip, epochs, rate, decay, batch, momentum, components):
        super().__init__(preset, seed)
        self.rbm_epochs, self.epochs, self.batch = positive(rbm_epochs=rbm_epochs, epochs=epochs, batch=batch)
        self.shift, self.components = counts(shift=shift, components=components)
        self.pretrain, self.flip = flags(pretrain=pretrain, flip=flip)
        if self.shift >= 16:
            raise SettingsError(f"images of 32 pixels can be shifted by 0 to 15, got {shift}")
        not_negative(epsilon=epsilon, rate=rate, rbm_rate=rbm_rate, sigma=sigma)
        if not rate or not rbm_rate or not sigma:
            raise SettingsError("rate, rbm_rate and sigma must be above 0")
        self.epsilon, self.dropout, self.rate, self.rbm_rate = map(float, (epsilon, dropout, rate, rbm_rate))
        self.decay, self.rbm_decay, self.momentum = float(decay), float(rbm_decay), float(momentum)
        self.sparsity, self.sparsity_weight, self.sigma = float(sparsity), float(sparsity_weight), float(sigma)
        self._teacher(None), Dropout(dropout), SGD(momentum, True, decay)  # which refuse what makes no sense
        self.network, self.learnt, self.seen = None, {}, {}

    @property
    def method(self):
        """The system's name, and "_random" behind it without pre-training."""
        return self.name if self.pretrain else f"{self.name}_random"

    def check(self, n, folder=None):
        """Refuse a fit to n images that memory has no room for."""
        check_capacity(self, self.needs, n, free_memory(), folder)

    def _teacher(self, machine, rate=None, **settings):
        return ContrastiveDivergence(machine, one_cycle(self.rbm_rate if rate is None else rate),
                                     momentum=self.momentum, weight_decay=self.rbm_decay, sparsity=self.sparsity,
                                     sparsity_weight=self.sparsity_weight, batch=self.batch, shard=self.shard,
                                     seed=self.seed, **settings)

    def _fit(self, images, labels, fitting):
        self.network, self.learnt, self.seen = None, {}, self._nothing_seen()
        about = {**self.describe(), **fitting.about}
        self.seconds = {"whiten": self._whiten(images, about, fitting)}
        self._build()
        data = self._data(images)
        if self.pretrain:
            self.seconds["pretrain"] = self._start(data, about, fitting)
        trainer = Trainer(self.network, SGD(self.momentum, True, self.decay), one_cycle(self.rate), fitting.workers,
                          self._prepare, self.epochs, self.batch, self.seed, fitting.path, about,
                          fitting.checkpoint_seconds, fitting.progress, fitting.say, shard=self.shard)
        if fitting.path and fitting.path.exists():
            trainer.resume()
        self.history = trainer.fit(data, to_device(np.asarray(labels), self.xp),
                                   fitting.validate and (lambda: fitting.validate(self)))
        self.seconds["train"] = sum(row["seconds"] for row in self.history)
        if self.components:
            some = to_device(np.sort(stream("components", self.seed).permutation(len(images))[:PCA_IMAGES]), self.xp)
            _, self.learnt["components"] = principal_components(self._activity(data[some]), self.components,
                                                                centre=False)
        else:
            self.learnt["components"] = self.xp.zeros((0, 0), dtype=np.float32)

    def _outputs(self, images):
        h = self._activity(self._data(images))
        scores, _ = self.network.layers["classifier"].forward(h)
        if "components" not in self.learnt:  # which are learnt last
            return {"scores": scores}
        return {"descriptor": h @ self.learnt["components"] if self.components else h, "scores": scores}

    def to(self, xp):
        """Compute on the backend `xp` from now on, and return the system."""
        if self.network:
            self.network.to(xp)
        self.learnt = {name: to_device(to_host(array), xp) for name, array in self.learnt.items()}
        return super().to(xp)

    def _settings(self):
        return {name: getattr(self, name) for name in list(inspect.signature(type(self)).parameters)[2:]}

    def _state(self):
        return {**self.seen, **{name: to_host(array) for name, array in self.learnt.items()},
                **{f"param/{name}": to_host(array) for name, array in self.network.params.items()}}

    def _restore(self, arrays, path):
        last = {"param/classifier.b": ((self.classes,), np.float32)}  # before a network of so many is made
        checkpoint.check_shapes({name: arrays[name] for name in last if name in arrays}, last, path)
        self._build()
        shapes = {**self._shapes(), **{f"param/{name}": p.shape for name, p in self.network.params.items()}}
        checkpoint.check_shapes(arrays, {name: (shape, np.float32) for name, shape in shapes.items()}, path)
        self.seen = {name: arrays[name] for name in self._nothing_seen()}
        self.learnt = {name: to_device(arrays[name], self.xp) for name in self._shapes() if name not in self.seen}
        for name, p in self.network.params.items():
            p[...] = to_device(arrays[f"param/{name}"], self.xp)


def taught(teacher, name, data, epochs, prepare, about, fitting):
    """Let `teacher` teach its machine, as far as no earlier run did, and return what there is then.

    Parameters
    ----------
    teacher : ContrastiveDivergence
        Of a machine with weights "W" (..., F).
    name : str
        Of the part of the fit; see `Fitting.part`.
    data, epochs, prepare
        See `ContrastiveDivergence.fit`.
    about : dict
    fitting : Fitting

    Returns
    -------
    dict of str to array
        On the host: the machine's parameters; "growth" (E, ..., SHOWN), some weights after 1, 2, 4, ... epochs and
        after the last; "dreams" (4, n, ...), the means of the visible units of chains that start at some of the data,
        after 0, 1, 10 and 100 steps.
    float
        Seconds.
    """
    machine = teacher.machine
    weights = machine.params["W"][..., :SHOWN].shape
    start = prepare(data[:CHAINS], None)
    shapes = {key: (array.shape, np.float32) for key, array in teacher.arrays().items()}
    shapes |= {"chains": ((None, *start.shape[1:]), np.float32)} if teacher.persistent else {}
    shapes |= {"growth": ((None, *weights), np.float32), "dreams": ((None, *start.shape), np.float32)}
    nothing = np.zeros((0, *start.shape), dtype=np.float32)
    growth = [np.zeros((0, *weights), dtype=np.float32)]

    def state():
        return {**teacher.arrays(), "growth": np.concatenate(growth), "dreams": nothing}, teacher.state()

    def make(begun, keep):
        if begun:
            growth[0] = begun[0].pop("growth")
            teacher.restore(*begun)
        with bar(fitting, total=epochs, initial=teacher.epoch, desc=name, unit=" epochs") as shown:
            def callback(row):
                fitting.say(f"{name}, epoch {row['epoch']}/{epochs}: reconstruction {row['reconstruction']:.3f}, "
                            f"activity {row['activity']:.3f} ± {row['spread']:.3f}, weights {row['norm']:.1f}"
                            f"{'; ' * bool(row['trouble'])}{row['trouble']}")
                shown.update()
                if row["epoch"] in looked_at(epochs):
                    growth.append(to_host(machine.params["W"][..., :SHOWN])[None].copy())
                keep(*state())
            teacher.fit(data, epochs, prepare, callback, fitting.workers)
        arrays, rest = state()
        return {**arrays, "dreams": dreams(machine, start, stream("dreams", teacher.seed))}, rest
    arrays, rest = fitting.part(name, about, shapes, make)
    return {key: arrays[key] for key in (*machine.params, "growth", "dreams")}, sum(
        row["seconds"] for row in rest["history"])


def looked_at(epochs):
    """Return the epochs after which weights are kept: 1, 2, 4, ... and the last."""
    return [*(2**i for i in range(epochs.bit_length()) if 2**i < epochs), epochs]


def dreams(machine, v, rng):
    """Return v (n, ...) and the means of the visible units after 1, 10 and 100 steps of chains that start there."""
    kept, x, done = [to_host(v)], machine.hidden_input(v), 0
    for steps in STEPS[1:]:
        if steps - done > 1:
            _, x = machine.gibbs(x, steps - done - 1, rng)
        below = machine.visible_input(machine.hidden_sample(x, rng))
        kept.append(to_host(machine.visible.mean(below)))
        x, done = machine.hidden_input(machine.visible.sample(below, rng)), steps
    return np.stack(kept).astype(np.float32)


def pictures(growth, dreamt, epochs):
    """Return the pictures "growth" and "dreams" of arrays (E, SHOWN, K, K, C) and (4, n, H, W, C)."""
    titles = ["images, as the machine sees them", *(f"after {steps} step{'s' * (steps > 1)}" for steps in STEPS[1:])]
    return {"growth": {f"after {epoch} epoch{'s' * (epoch > 1)}": tiles
                       for epoch, tiles in zip(looked_at(epochs), growth)},
            "dreams": dict(zip(titles, dreamt))}
