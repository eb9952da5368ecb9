"""What the systems with Boltzmann machines share: one learns as a part of a fit, and is looked at."""
import numpy as np

from ..backend import to_host
from ..randomness import stream
from .fitting import bar

D = 32 * 32 * 3
WHITENING_IMAGES = 20_000  # training images whose whitening is learnt
SCALED = 1000  # images by which the machine's weights are scaled for back-propagation
PCA_IMAGES = 2500  # those whose hidden units' principal components make the descriptors
SHOWN = 32  # hidden units in a picture
CHAINS = 16  # images in a picture, each the start of a Markov chain
STEPS = (0, 1, 10, 100)  # of a chain, after which it is looked at


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
