"""What every public function promises of the arrays that it is given.

It changes none of them; how they lie in memory is no matter; float32 and float64 agree; a mask is never ignored. The
table names each function once, with arguments that it takes; the tests go through all of them.
"""
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from scratchnet import layers, losses, metrics
from scratchnet.data import Standardizer, add_channels
from scratchnet.data.augment import shift_and_flip
from scratchnet.data.channels import equalize, gray
from scratchnet.errors import InputError
from scratchnet.folding import calibrate, fold
from scratchnet.linear import LinearClassifier
from scratchnet.network import Network
from scratchnet.parallel import Workers
from scratchnet.retrieval import (
    DISTANCES,
    FlatIndex,
    evaluate_protocols,
    evaluate_retrieval,
    hamming,
    printed_cosine,
    ties,
)
from scratchnet.retrieval.codes import balance, pack_bits, unpack_bits
from scratchnet.retrieval.two_stage import TwoStageIndex
from scratchnet.systems.kuo2016 import Kuo2016
from scratchnet.training.optimizers import SGD, Adam
from scratchnet.unsupervised import (
    RBM,
    ZCA,
    ContrastiveDivergence,
    ConvRBM,
    Hard,
    KMeans,
    PCAWhitening,
    Sigmoid,
    SparseAutoencoder,
    Triangle,
    all_patches,
    block_histograms,
    codes,
    expected_update,
    filtered,
    leading_eigenvectors,
    likelihood_gradient,
    log_likelihood,
    normalize_contrast,
    pca_filters,
    principal_components,
    pyramid,
    quadrants,
    rescale,
    sample_patches,
    spread,
)
from scratchnet.unsupervised.units import Binary, Capped, Gaussian, Pooled

N, CLASSES = 12, 4


class Call(NamedTuple):
    """``run(**arrays)`` returns arrays, in dicts, lists or tuples; `changed` names those that it is there to change."""

    run: Callable
    arrays: dict
    changed: tuple = ()


def generator():
    return np.random.default_rng(7)


def precision(x):
    return np.float32 if x.dtype == np.float32 else np.float64


def layer_call(make, shape, training=False):
    """Forward and backward of a layer in the precision of x."""
    def run(x, dy):
        layer = make(precision(x))
        y, cache = layer.forward(x, generator() if training else None)
        dx, grads = layer.backward(dy, cache)
        return y, dx, grads
    y, _ = make(np.float64).forward(np.zeros(shape), generator())
    return Call(run, {"x": generator().standard_normal(shape), "dy": np.random.default_rng(8).standard_normal(y.shape)})


def small(dtype=np.float64, normalized=False):
    rng = generator()
    chain = {"conv": layers.Conv2D(2, 16, 3, padding=1, rng=rng, dtype=dtype), "pool": layers.MaxPool2D(2),
             "norm": layers.BatchNorm(16, dtype=dtype), "relu": layers.ReLU(), "flatten": layers.Flatten(),
             "fc": layers.Dense(144, CLASSES, rng=rng, dtype=dtype)}
    return Network({name: layer for name, layer in chain.items() if normalized or name != "norm"})


def network_call(x, dy):
    network = small(precision(x))
    y, caches = network.forward(x, generator())
    return y, network.backward(dy, caches), network.features(x, "relu")


def standardized(images):
    standard = Standardizer.fit(images)
    return standard.mean, standard.std, standard(images), standard(images, np.float64)


def whitened(X):
    zca = ZCA(0.1).fit(X)
    return zca.mean, zca.transform_matrix, zca.transform(X), zca.inverse(X)


def encoded(X):
    sae = SparseAutoencoder(X.shape[1], 3, rng=generator())
    found = sae.encode(X), sae.reconstruct(X), *sae.cost_and_gradient(sae.theta.astype(X.dtype), X)
    sae.fit(X.astype(np.float64), 3, threads=1)
    return *found, sae.theta


def components(X):
    white = PCAWhitening(3).fit(X)
    return white.mean, np.abs(white.transform_matrix), np.abs(white.inverse_matrix), np.abs(white.transform(X))


def machine(v, h):
    rbm = RBM(5, 3, rng=generator(), dtype=precision(v))
    return rbm.up(v), rbm.down(h), rbm.statistics(v, h), rbm.energy(v, h), rbm.free_energy(v)


def likelihood(v):
    rbm = RBM(5, 3, "binary", rng=generator(), dtype=precision(v))
    return log_likelihood(rbm, v), likelihood_gradient(rbm, v), expected_update(rbm, v, 2)


def taught(machine, data):
    teacher = ContrastiveDivergence(machine, 0.1, persistent=True, batch=4)
    row = teacher.fit(data, 2)[-1]
    return teacher.arrays(), row["reconstruction"], row["activity"]


def convolutional(v):
    rbm = ConvRBM((8, 6, 2), 3, 3, 2, rng=generator(), dtype=precision(v))
    h = rbm.up(v)
    return h, rbm.down(h), rbm.statistics(v, h), taught(rbm, v)


def units(unit):
    asked = [name for name in ("mean", "own_energy", "log_partition", "pooled") if hasattr(unit, name)]
    return lambda x: ([getattr(unit, name)(x) for name in asked], unit.sample(x, generator()))


def classified(X, labels):
    classifier = LinearClassifier(losses.SoftmaxCrossEntropy(), 0.1)
    costs = classifier.fit(X, labels, CLASSES, 4)
    theta = np.concatenate([classifier.W.ravel(), classifier.b])
    return np.array(costs), classifier.scores(X), *classifier.cost_and_gradient(theta, X, labels)


def scored(X):
    classifier = LinearClassifier(losses.SquaredHinge())
    classifier.W, classifier.b = np.ones((6, CLASSES), precision(X)), np.ones(CLASSES, precision(X))
    return classifier.scores(X)


def stepped(optimizer):
    def run(p, g):
        network = type("Parameters", (), {"params": {"W": p}, "decayed": ("W",)})
        for _ in range(3):
            optimizer().step(network, {"W": g}, 0.1)
        return p
    return run


def searched(metric):
    def run(b, q):
        return FlatIndex(metric, threads=1).add(b).search(q, 3)
    return run


def searched_twice(b_codes, b, q_codes, q):
    index = TwoStageIndex(FlatIndex("hamming").add(b_codes), FlatIndex("angular").add(b))
    return [index.search(q_codes, q, 3, **pool) for pool in ({"radius": 5}, {"candidates": 20})]


def without_time(found):
    return {key: without_time(value) if isinstance(value, dict) else value for key, value in found.items()
            if key != "seconds_per_query"}


def outputs(images):
    system = Kuo2016("cnn_rgb_da", classes=CLASSES, seed=0)
    system.standardizer = Standardizer([100.0] * 5, [50.0] * 5)
    return system.outputs(images)


def clustered(X, centroids):
    model = KMeans(centroids)
    costs, empty = model.fit(X, 3)
    return np.array(costs), empty, model.centroids


def encoded_by(make):
    def run(images, **learnt):
        return quadrants(images, 3, normalize_contrast, make(**learnt))
    return run


def filters_found(maps):
    with Workers(1) as workers:
        return [np.abs(pca_filters(lambda start, stop: maps[start:stop], len(maps), 3, 2, workers, depthwise))
                for depthwise in (False, True)]


def calls():
    """Return {name: Call}."""
    rng = np.random.default_rng(2016)
    normal = rng.standard_normal
    labels = np.arange(N) % CLASSES
    images = rng.integers(0, 256, (N, 32, 32, 3), dtype=np.uint8)
    scores, vectors = normal((N, CLASSES)), normal((N, 6))
    shape = (3, 6, 6, 2)
    found = {}
    for algorithm in ("naive", "im2col", "winograd"):
        found[f"Conv2D {algorithm}"] = layer_call(lambda dtype, a=algorithm: layers.Conv2D(
            2, 3, 3, padding=1, rng=generator(), dtype=dtype, algorithm=a), shape)
    for kind in (layers.MaxPool2D, layers.MeanPool2D):
        for size, stride in ((1, 1), (2, 2), (3, 2)):
            found[f"{kind.__name__} {size}, {stride}"] = layer_call(
                lambda dtype, kind=kind, size=size, stride=stride: kind(size, stride), shape)
    for kind in (layers.Flatten, layers.ReLU, layers.Sigmoid, layers.Tanh):
        found[kind.__name__] = layer_call(lambda dtype, kind=kind: kind(), shape)
    for training in (False, True):
        found[f"Dropout, training: {training}"] = layer_call(lambda dtype: layers.Dropout(0.5), shape, training)
    found["Dense"] = layer_call(lambda dtype: layers.Dense(5, 4, rng=generator(), dtype=dtype), (3, 5))
    found["BatchNorm"] = layer_call(lambda dtype: layers.BatchNorm(2, dtype=dtype), shape, True)
    found["Network"] = Call(network_call, {"x": normal(shape), "dy": normal((3, CLASSES))})
    found["fold"] = Call(lambda x: fold(small(precision(x), True), [x, x[:1]]).params, {"x": normal(shape)})
    found["calibrate"] = Call(lambda x: calibrate(small(precision(x), True), [x]).forward(x)[0], {"x": normal(shape)})

    for name, loss in (("softmax", losses.SoftmaxCrossEntropy(0.1)), ("hinge", losses.SquaredHinge())):
        found[name] = Call(lambda scores, labels, loss=loss: (*loss(scores, labels), loss.right(scores, labels)),
                           {"scores": scores, "labels": labels})
    found["CodesAndClasses"] = Call(losses.CodesAndClasses(2), {"scores": scores, "targets": np.column_stack(
        [rng.integers(0, 2, (N, 2)), rng.integers(0, CLASSES - 2, N)])})
    found["SquaredError"] = Call(losses.SquaredError(), {"scores": scores, "targets": normal((N, CLASSES))})
    found["top_k_accuracy"] = Call(metrics.top_k_accuracy, {"scores": scores, "labels": labels})
    found["confusion_matrix"] = Call(lambda labels, predicted: metrics.confusion_matrix(labels, predicted, CLASSES),
                                     {"labels": labels, "predicted": rng.integers(0, CLASSES, N)})
    relevant = rng.random((N, 20)) < 0.3
    relevant[:, 4] = True
    for name, some in (("average_precisions", relevant), ("mean_average_precision", relevant),
                       ("average_precision", relevant[0])):
        found[name] = Call(getattr(metrics, name), {"relevant": some})
    found["average_precision_variants"] = Call(lambda relevant: metrics.average_precision_variants(relevant, 5),
                                               {"relevant": relevant[0]})

    for name, distance in (*DISTANCES.items(), ("printed_cosine", printed_cosine)):
        found[name] = Call(distance, {"q": vectors, "b": normal((9, 6))})
    gallery, gallery_labels = normal((90, 6)), np.arange(90) % CLASSES
    for metric in DISTANCES:
        found[f"FlatIndex {metric}"] = Call(searched(metric), {"b": gallery, "q": vectors})
        found[f"evaluate_retrieval {metric}"] = Call(
            lambda metric=metric, **arrays: without_time(evaluate_retrieval(metric=metric, depth=3, **arrays)),
            {"queries": vectors, "query_labels": labels, "gallery": gallery, "gallery_labels": gallery_labels})
    found["evaluate_protocols"] = Call(
        lambda **arrays: without_time(evaluate_protocols(metrics=["angular"], depth=3, **arrays)),
        {"test": vectors, "test_labels": labels, "train": gallery, "train_labels": gallery_labels})

    bits = gallery > 0.4
    coded, q_coded = np.packbits(bits, axis=1), np.packbits(vectors > 0.4, axis=1)
    found["pack_bits"], found["balance"] = Call(pack_bits, {"bits": bits}), Call(balance, {"bits": bits})
    found["unpack_bits"] = Call(lambda codes: unpack_bits(codes, 6), {"codes": coded})
    found["hamming"] = Call(hamming, {"q": q_coded, "b": coded})
    found["FlatIndex hamming"] = Call(searched("hamming"), {"b": coded, "q": q_coded})
    found["search_among"] = Call(lambda b, q, ids: FlatIndex("manhattan").add(b).search_among(q, ids, 2),
                                 {"b": gallery, "q": vectors, "ids": np.arange(9 * N).reshape(9, N).T % 90})
    found["TwoStageIndex"] = Call(searched_twice, {"b_codes": coded, "b": gallery, "q_codes": q_coded, "q": vectors})
    found["evaluate_retrieval hamming"] = Call(
        lambda **arrays: without_time(evaluate_retrieval(metric="hamming", depth=(3, 20), **arrays)),
        {"queries": q_coded, "query_labels": labels, "gallery": coded, "gallery_labels": gallery_labels})
    at_each = rng.integers(1, 9, (5, 4))
    for function in (ties.expected, ties.bounds):
        found[f"ties.{function.__name__}"] = Call(function, {"n": at_each, "k": at_each // 2 + 1})

    found["ZCA"] = Call(whitened, {"X": normal((40, 5))})
    found["PCAWhitening"] = Call(components, {"X": normal((40, 9)) * np.arange(9)})
    found["RBM"] = Call(machine, {"v": normal((6, 5)), "h": rng.random((6, 3))})
    found["likelihood of an RBM"] = Call(likelihood, {"v": rng.random((6, 5))})
    found["ContrastiveDivergence"] = Call(lambda data: taught(RBM(5, 3, rng=generator(), dtype=precision(data)), data),
                                          {"data": normal((9, 5))})
    found["ConvRBM"] = Call(convolutional, {"v": normal((3, 8, 6, 2))})
    for unit in (Gaussian, Binary, Capped, Pooled):
        found[f"{unit.__name__} units"] = Call(units(unit()), {"x": normal((2, 4, 6, 3))})
    found["SparseAutoencoder"] = Call(encoded, {"X": normal((40, 5))})
    found["LinearClassifier"] = Call(classified, {"X": vectors, "labels": labels})
    found["scores of a LinearClassifier"] = Call(scored, {"X": vectors})
    found["KMeans"] = Call(clustered, {"X": normal((40, 5)), "centroids": normal((4, 5))})
    found["normalize_contrast"] = Call(lambda patches: normalize_contrast(patches, 0.1), {"patches": normal((9, 12))})
    found["all_patches"] = Call(lambda images: all_patches(images, 3), {"images": normal((2, 5, 6, 2))})
    some = 50 * normal((2, 7, 7, 2))
    for encoder in (Triangle, Hard):
        found[encoder.__name__] = Call(encoded_by(encoder), {"images": some, "centroids": normal((4, 18))})
    found["Sigmoid, the encoder"] = Call(encoded_by(Sigmoid), {"images": some, "W1": normal((18, 4)), "b1": normal(4)})
    products = normal((9, 5))
    found["leading_eigenvectors"] = Call(lambda matrix: leading_eigenvectors(matrix, 2),
                                         {"matrix": products.T @ products})
    found["principal_components"] = Call(lambda X: principal_components(X, 2), {"X": normal((9, 20)) * np.arange(20)})
    found["pca_filters"] = Call(filters_found, {"maps": normal((3, 8, 8, 2)) * np.arange(1, 9)[:, None]})
    found["filtered"] = Call(filtered, {"images": normal((2, 6, 6, 2)), "filters": normal((3, 3, 2, 4))})
    found["codes"] = Call(codes, {"maps": normal((2, 6, 6, 2)), "filters": normal((3, 3, 4))})
    found["block_histograms"] = Call(lambda T: block_histograms(T, 4),
                                     {"T": rng.integers(0, 4, (2, 8, 12, 3), np.uint8)})
    found["pyramid"] = Call(pyramid, {"blocks": rng.integers(0, 65, (2, 7, 7, 3), np.uint8)})
    found["rescale"] = Call(lambda kernels, biases: rescale(kernels, biases, 0.3), {"kernels": normal((3, 3, 1, 4)),
                                                                                  "biases": normal(4)})
    found["spread"] = Call(lambda kernels: spread(kernels, 3), {"kernels": normal((3, 3, 1, 4))})
    for name, optimizer in (("SGD", lambda: SGD(weight_decay=0.1)), ("Adam", lambda: Adam(weight_decay=0.1))):
        found[name] = Call(stepped(optimizer), {"p": normal((4, 3)), "g": normal((4, 3))}, changed=("p", "g"))

    found["sample_patches"] = Call(lambda images: sample_patches(images, 9, 5, generator()),
                                   {"images": normal((3, 8, 8, 2))})
    found["shift_and_flip"] = Call(lambda x: shift_and_flip(x, generator(), 2, True), {"x": normal((5, 6, 6, 2))})
    found["Standardizer"] = Call(standardized, {"images": images})
    found["gray"], found["add_channels"] = Call(gray, {"images": images}), Call(add_channels, {"images": images})
    found["equalize"] = Call(equalize, {"levels": images[..., 0]})
    found["Kuo2016"] = Call(outputs, {"images": images[:3]})
    return found


CALLS = calls()
MOVING = {"sample_patches", "shift_and_flip", "all_patches"}  # which compute nothing
every = pytest.mark.parametrize("name", CALLS)


def flat(found):
    """Return all arrays and numbers in nested dicts, lists and tuples, in order."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list | tuple):
        return [array for part in found for array in flat(part)]
    return [] if found is None else [np.asarray(found)]


def reversed_axes(x):
    """Every axis runs backwards through memory."""
    backwards = (slice(None, None, -1),) * x.ndim
    return np.ascontiguousarray(x[backwards])[backwards]


def with_gaps(x):
    """Between any two numbers lies another that is no part of the array."""
    room = np.full([2 * n for n in x.shape], 99).astype(x.dtype)
    part = room[(slice(None, None, 2),) * x.ndim]
    part[...] = x
    return part


def last_axis_first(x):
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, -1, 0)), 0, -1)


def unaligned(x):
    """It begins in the middle of a number."""
    memory = np.empty(x.nbytes + 1, np.uint8)
    part = memory[1:].view(x.dtype).reshape(x.shape)
    part[...] = x
    return part


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {"Fortran's order": np.asfortranarray, "backwards": reversed_axes, "with gaps": with_gaps,
           "last axis first": last_axis_first, "unaligned": unaligned, "read-only": read_only}


def arguments(name, dtype=np.float64):
    """Return copies of a call's arrays, numbers with a point rounded to float32 and kept as `dtype`."""
    return {key: a.astype(np.float32).astype(dtype) if a.dtype.kind == "f" else a.copy()
            for key, a in CALLS[name].arrays.items()}


@cache
def result(name, dtype=np.float64):
    return [a.copy() for a in flat(CALLS[name].run(**arguments(name, dtype)))]


@every
@pytest.mark.parametrize("layout", LAYOUTS)
def test_order_of_memory_is_no_matter_and_nothing_is_changed(name, layout):
    call, before = CALLS[name], arguments(name, np.float32)
    odd = {key: a.copy() if layout == "read-only" and key in call.changed else LAYOUTS[layout](a)
           for key, a in before.items()}
    found = flat(call.run(**odd))
    for key in set(odd) - set(call.changed):
        np.testing.assert_array_equal(odd[key], before[key], err_msg=key)
    for a, b in zip(found, result(name, np.float32), strict=True):
        assert a.dtype == b.dtype and np.isfinite(b).all()
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@every
def test_both_precisions_agree(name):
    assert result(name)
    for single, double in zip(result(name, np.float32), result(name), strict=True):
        np.testing.assert_allclose(single, double, rtol=0, atol=2e-4 * max(1.0, float(np.abs(double).max(initial=0))))


@every
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_mask_is_refused_wherever_it_is_given(name):
    """NumPy's own functions would drop it on the way, and count what is masked."""
    for key, a in arguments(name).items():
        if key in CALLS[name].changed:
            continue
        masked = np.ma.masked_array(a, np.arange(a.size).reshape(a.shape) % 3 == 0)
        with pytest.raises(InputError, match="mask"):
            CALLS[name].run(**arguments(name) | {key: masked})
        if a.ndim == 2:
            with pytest.raises(InputError, match="numpy.matrix"):
                CALLS[name].run(**arguments(name) | {key: np.matrix(a)})


@pytest.mark.parametrize("name", [name for name in CALLS if name not in MOVING])
@pytest.mark.parametrize("kind", [object, str, complex, "another order of bytes", "datetime64[s]"])
def test_arrays_of_odd_kinds_are_refused_or_right(name, kind):
    for key, a in arguments(name).items():
        if key in CALLS[name].changed:
            continue
        whole = a.astype(np.int64) if kind == "datetime64[s]" else a
        odd = whole.astype(a.dtype.newbyteorder() if kind == "another order of bytes" else kind)
        try:
            found = flat(CALLS[name].run(**arguments(name) | {key: odd}))
        except (InputError, TypeError):
            continue
        for one, other in zip(found, result(name), strict=True):
            one = one if one.dtype.kind == "c" else one.astype(other.dtype)
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
