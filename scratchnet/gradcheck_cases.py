"""Every layer, loss and objective of the package, set up for the gradient check.

Each case has float64 numbers of its own, small enough that all coordinates are measured; the whole paper
network has 627,002 parameters, of which a random sample of each array is.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import layers
from .backend import to_device
from .errors import SettingsError
from .gradcheck import TOLERANCE_KINKED, TOLERANCE_SMOOTH, check_function, check_layer, spaced
from .layers.conv import ALGORITHMS
from .linear import LinearClassifier
from .losses import CodesAndClasses, SoftmaxCrossEntropy, SquaredError, SquaredHinge
from .suggest import nearest
from .systems.kuo2016 import Recipe, build_network
from .unsupervised import RBM, SparseAutoencoder, likelihood_gradient, log_likelihood

CONVOLUTIONS = {  # kernel, stride and padding; where Winograd's algorithm does not apply, im2col would be checked twice
    "naive": ((5, 1, 2), (5, 2, 1)), "im2col": ((5, 1, 2), (5, 2, 1)), "winograd": ((5, 1, 2), (3, 1, 0))}


@dataclass(frozen=True)
class Case:
    """One row of the table: what is checked, how (`run(rng, xp)`), and what relative error is allowed."""

    name: str
    run: Callable
    tolerance: float


def _layer(make, shape, kinked=False, **options):
    def run(rng, xp):
        layer = make(rng)
        for p in layer.params.values():  # biases start at zero; a check on zeros would see little
            p[...] = rng.standard_normal(p.shape)
        x = spaced(shape, rng) if kinked else rng.standard_normal(shape)
        return check_layer(layer.to(xp), to_device(x, xp), rng, **options)
    return run


def _labels(rng):
    return rng.integers(0, 5, 7)


def _codes(bits, classes):
    return lambda rng: np.column_stack([rng.integers(0, 2, (7, bits)), rng.integers(0, classes, 7)])


def _loss(loss, draw=_labels):
    """Check a loss of scores (7, 5) for targets ``draw(rng)``."""
    def run(rng, xp):
        targets = to_device(draw(rng), xp)

        def function(scores):
            value, dscores = loss(scores, targets)
            return value, {"scores": dscores}
        return check_function(function, {"scores": to_device(rng.standard_normal((7, 5)), xp)}, rng)
    return run


def _linear(loss):
    def run(rng, xp):
        classifier = LinearClassifier(loss, decay=0.3)
        X, labels = to_device(rng.standard_normal((30, 6)), xp), to_device(rng.integers(0, 4, 30), xp)

        def function(W, b):
            cost, gradient = classifier.cost_and_gradient(xp.concatenate([W.ravel(), b]), X, labels)
            return cost, dict(zip("Wb", classifier.unpack(gradient, 6)))
        return check_function(function, {"W": to_device(rng.standard_normal((6, 4)), xp),
                                         "b": to_device(rng.standard_normal(4), xp)}, rng)
    return run


def _likelihood(units):
    """Check the gradient of the likelihood of a machine that is small enough to have one."""
    def run(rng, xp):
        rbm = RBM(5, 4, units, rng=rng, dtype=np.float64).to(xp)
        real = rng.standard_normal((7, 5))
        v = to_device((real > 0).astype(np.float64) if units == "binary" else real, xp)

        def function(**params):
            rbm.params = params
            return log_likelihood(rbm, v), likelihood_gradient(rbm, v)
        return check_function(function, {name: to_device(rng.standard_normal(p.shape), xp)
                                         for name, p in rbm.params.items()}, rng)
    return run


def _autoencoder(rng, xp):
    sae = SparseAutoencoder(9, 6, rng=rng)
    X = to_device(rng.standard_normal((30, 9)), xp)
    theta = sae.theta + 0.1 * rng.standard_normal(sae.theta.shape)
    names = ("W1", "b1", "W2", "b2")

    def function(**parts):
        theta = xp.concatenate([parts[name].ravel() for name in ("W1", "W2", "b1", "b2")])
        cost, gradient = sae.cost_and_gradient(theta, X)
        return cost, dict(zip(names, sae.unpack(gradient)))
    parts = {name: to_device(part.copy(), xp) for name, part in zip(names, sae.unpack(theta))}
    return check_function(function, parts, rng)


def _paper_network(rng, xp):
    network = build_network(5, 10, Recipe(), rng, dtype=np.float64)
    for name, p in network.params.items():
        if name.endswith(".b"):
            p[...] = 0.1 * rng.standard_normal(p.shape)
    # A small step: one weight of conv1 moves 1,024 outputs, and the larger the step, the more kinks it crosses.
    x = to_device(rng.standard_normal((1, 32, 32, 5)), xp)
    return check_layer(network.to(xp), x, rng, samples=16, step=1e-6)


def _cases():
    f64 = {"dtype": np.float64}
    for algorithm in ALGORITHMS:
        for K, stride, padding in CONVOLUTIONS[algorithm]:
            yield (f"Conv2D {K}x{K} {algorithm}, stride {stride}, padding {padding}",
                   _layer(lambda rng, a=algorithm, k=K, s=stride, p=padding:
                          layers.Conv2D(2, 3, k, s, p, rng=rng, algorithm=a, **f64), (2, 6, 7, 2)), TOLERANCE_SMOOTH)
    yield "MaxPool2D 2x2", _layer(lambda rng: layers.MaxPool2D(2), (2, 6, 7, 3), kinked=True), TOLERANCE_KINKED
    yield ("MaxPool2D 3x3, stride 2 (overlapping)",
           _layer(lambda rng: layers.MaxPool2D(3, 2), (2, 7, 8, 3), kinked=True), TOLERANCE_KINKED)
    yield "MeanPool2D 2x2", _layer(lambda rng: layers.MeanPool2D(2), (2, 6, 7, 3)), TOLERANCE_SMOOTH
    yield ("MeanPool2D 3x3, stride 2 (overlapping)",
           _layer(lambda rng: layers.MeanPool2D(3, 2), (2, 7, 8, 3)), TOLERANCE_SMOOTH)
    yield ("BatchNorm", _layer(lambda rng: layers.BatchNorm(3, group=3, **f64), (4, 3, 5, 3), training_seed=1),
           TOLERANCE_SMOOTH)
    yield "Dense", _layer(lambda rng: layers.Dense(6, 4, rng=rng, **f64), (5, 6)), TOLERANCE_SMOOTH
    yield "CosineDense", _layer(lambda rng: layers.CosineDense(6, 4, 3.0, rng=rng, **f64), (5, 6)), TOLERANCE_SMOOTH
    yield "Flatten", _layer(lambda rng: layers.Flatten(), (2, 3, 4, 2)), TOLERANCE_SMOOTH
    yield "ReLU", _layer(lambda rng: layers.ReLU(), (4, 5, 3), kinked=True), TOLERANCE_KINKED
    yield "CappedReLU", _layer(lambda rng: layers.CappedReLU(1.0), (4, 5, 3), kinked=True), TOLERANCE_KINKED
    yield "Sigmoid", _layer(lambda rng: layers.Sigmoid(), (4, 5, 3)), TOLERANCE_SMOOTH
    yield "Tanh", _layer(lambda rng: layers.Tanh(), (4, 5, 3)), TOLERANCE_SMOOTH
    yield "Dropout 0.4", _layer(lambda rng: layers.Dropout(0.4), (6, 5), training_seed=1), TOLERANCE_SMOOTH
    yield "softmax_cross_entropy", _loss(SoftmaxCrossEntropy()), TOLERANCE_SMOOTH
    yield "softmax_cross_entropy, smoothing 0.1", _loss(SoftmaxCrossEntropy(0.1)), TOLERANCE_SMOOTH
    yield ("softmax_cross_entropy, margin 0.7, smoothing 0.1", _loss(SoftmaxCrossEntropy(0.1, 0.7)), TOLERANCE_SMOOTH)
    # A squared hinge has a slope everywhere; only its curvature jumps.
    yield "SquaredHinge", _loss(SquaredHinge()), TOLERANCE_SMOOTH
    yield "SquaredError", _loss(SquaredError(), lambda rng: rng.standard_normal((7, 5))), TOLERANCE_SMOOTH
    yield "CodesAndClasses", _loss(CodesAndClasses(3, 0.1), _codes(3, 2)), TOLERANCE_SMOOTH
    yield "CodesAndClasses, codes alone", _loss(CodesAndClasses(5), _codes(5, 2)), TOLERANCE_SMOOTH
    yield "LinearClassifier, softmax", _linear(SoftmaxCrossEntropy()), TOLERANCE_SMOOTH
    yield "LinearClassifier, squared hinge", _linear(SquaredHinge()), TOLERANCE_SMOOTH
    yield "SparseAutoencoder", _autoencoder, TOLERANCE_SMOOTH
    for units in ("gaussian", "binary"):
        yield f"RBM, {units}, exact likelihood", _likelihood(units), TOLERANCE_SMOOTH
    yield "kuo2016, its network", _paper_network, TOLERANCE_KINKED


def cases(name=None):
    """Return all cases, or those whose name starts with `name` whatever the case of its letters."""
    every = [Case(*case) for case in _cases()]
    if name is None:
        return every
    chosen = [case for case in every if case.name.lower().startswith(name.lower())]
    if not chosen:
        names = list(dict.fromkeys(case.name.split()[0].strip(",") for case in every))
        raise SettingsError(f"there is nothing to check called {name!r}{nearest(name, names)}: "
                            f"choose one of {', '.join(names)}")
    return chosen
