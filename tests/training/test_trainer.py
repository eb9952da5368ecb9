"""The training loop: it learns, it repeats, it resumes, it stops at non-finite numbers."""
import numpy as np
import pytest
from strict import StrictArray, strict

from scratchnet import checkpoint
from scratchnet.errors import CapacityError, CheckpointError, InputError, NonFiniteError, SettingsError
from scratchnet.layers import Dense, Dropout, ReLU
from scratchnet.losses import SoftmaxCrossEntropy, SquaredError, softmax_cross_entropy
from scratchnet.network import Network
from scratchnet.parallel import Workers
from scratchnet.training import trainer as train
from scratchnet.training.gradients import batch_gradients
from scratchnet.training.optimizers import SGD, Adam
from scratchnet.training.schedules import constant, steps
from scratchnet.training.trainer import Trainer, parameter_hash


def data(n=90):
    """Three clouds of points in the plane."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n)
    return (np.array([[0, 4], [4, -2], [-4, -2]])[labels] + rng.standard_normal((n, 2))).astype(np.float32), labels


def network(hidden=8):
    rng = np.random.default_rng(1)
    return Network({"fc1": Dense(2, hidden, rng=rng), "relu": ReLU(), "drop": Dropout(0.2),
                    "fc2": Dense(hidden, 3, rng=rng)})


@pytest.fixture
def workers():
    with Workers(2) as pool:
        yield pool


def trainer(workers, path=None, net=None, optimizer=None, epochs=4, rate=0.05, **more):
    return Trainer(net or network(), optimizer or SGD(weight_decay=1e-4), steps(rate), workers,
                   lambda images, rng: images, epochs, batch=16, seed=3, path=path, **{"shard": 6, **more})


def test_it_learns_and_tells(workers):
    lines = []
    t = trainer(workers, say=lines.append, epochs=6)
    history = t.fit(*data(), validate=lambda: {"validation_top1": 0.5})
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5, 6] and len(lines) == 6
    assert history[-1]["train_top1"] > 0.9 and history[-1]["loss"] < history[0]["loss"] / 2
    assert history[0]["rate"] == 0.05 and np.isclose(history[-1]["rate"], 0.0005)
    assert "validation_top1 50.0%" in lines[0] and history[2]["seconds"] > 0


def test_two_runs_end_alike_and_seeds_differ(workers):
    hashes = []
    for seed in (3, 3, 4):
        t = trainer(workers)
        t.seed = seed
        t.fit(*data())
        hashes.append(parameter_hash(t.network))
    assert hashes[0] == hashes[1] != hashes[2]


def shown(workers, n=90, epochs=3, seed=3):
    """Train on images that are their own numbers; return the numbers of each epoch in the order in which they came."""
    numbers, loss = [], SoftmaxCrossEntropy()

    class Labels(SoftmaxCrossEntropy):
        def __call__(self, scores, targets, checked=False):
            numbers.append(targets.tolist())
            return loss(scores, targets % 3, checked)

        def check(self, targets, N, C):
            pass
    t = Trainer(network(), SGD(), constant(1e-6), workers, lambda images, rng: images, epochs, batch=16, seed=seed,
                loss=Labels())
    t.fit(np.zeros((n, 2), np.float32), np.arange(n))
    flat = [number for batch in numbers for number in batch]
    return [flat[epoch * n:(epoch + 1) * n] for epoch in range(epochs)]


def test_an_epoch_shows_every_image_once_and_in_an_order_of_its_own():
    with Workers(1) as workers:
        found, again, other = shown(workers), shown(workers), shown(workers, seed=4)
    assert all(sorted(epoch) == list(range(90)) for epoch in found)  # those of the last, smaller batch, too
    orders = [list(range(90)), *found, *other]
    assert len({tuple(order) for order in orders}) == 7 and again == found
    for order in found:  # and shuffled as one would expect: no image stays near its place
        assert np.abs(np.array(order) - np.arange(90)).mean() > 20


def test_the_rate_is_asked_for_at_each_step(workers):
    asked = []

    def schedule(done):
        asked.append(done)
        return 0.01
    Trainer(network(), SGD(), schedule, workers, lambda images, rng: images, 2, batch=40).fit(*data())
    expected = [0, 1 / 6, 2 / 6, 0.5, 0.5, 4 / 6, 5 / 6, 1]  # and once at the end of an epoch, for its row
    np.testing.assert_allclose(asked, expected, atol=1e-8)


def test_every_step_draws_random_numbers_of_its_own(workers):
    def drawn(seed):
        numbers = []

        def prepare(images, rng):
            numbers.extend([] if rng is None else [rng.random()])
            return images
        Trainer(network(), SGD(), constant(0.01), workers, prepare, 3, batch=16, seed=seed).fit(*data())
        return sorted(numbers)
    first = drawn(3)
    assert len(set(first)) == len(first) >= 3 * 6 and drawn(3) == first and set(drawn(4)).isdisjoint(first)


def test_the_loss_of_an_epoch_is_the_mean_over_its_images(workers):
    """With a rate of 0, and a last batch of 10 images beside two of 40."""
    x, labels = data()
    net = Network({"fc": Dense(2, 3, rng=np.random.default_rng(1))})
    t = Trainer(net, SGD(), constant(0.0), workers, lambda images, rng: images, 1, batch=40)
    (row,) = t.fit(x, labels)
    scores, _ = net.forward(x)
    assert np.isclose(row["loss"], softmax_cross_entropy(scores, labels)[0], rtol=1e-5)
    assert row["train_top1"] == (scores.argmax(axis=1) == labels).mean()


class Interrupt(Exception):
    pass


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize("stop_at", [1, 5, 6, 7, 13])
def test_resumed_is_the_run_left_alone(make, stop_at, workers, tmp_path):
    alone = trainer(workers, optimizer=make())
    alone.fit(*data())
    path = tmp_path / "checkpoint.npz"
    cut = trainer(workers, path, optimizer=make(), checkpoint_seconds=0)
    steps_done, step = [], cut._step

    def interrupted(*arguments, **more):
        if len(steps_done) == stop_at:
            raise Interrupt
        steps_done.append(1)
        return step(*arguments, **more)
    cut._step = interrupted
    with pytest.raises(Interrupt):
        cut.fit(*data())
    with Workers(5) as others:  # on another machine, say
        resumed = trainer(others, path, optimizer=make(), checkpoint_seconds=0)
        resumed.resume()
        history = resumed.fit(*data())
    assert parameter_hash(resumed.network) == parameter_hash(alone.network)
    for a, b in zip(history, alone.state.history):
        assert {k: v for k, v in a.items() if k != "seconds"} == {k: v for k, v in b.items() if k != "seconds"}


def test_a_finished_run_resumes_to_itself(workers, tmp_path):
    path = tmp_path / "checkpoint.npz"
    first = trainer(workers, path)
    first.fit(*data())
    again = trainer(workers, path)
    again.resume()
    assert again.fit(*data()) == first.state.history
    assert parameter_hash(again.network) == parameter_hash(first.network)


@pytest.mark.parametrize("change", [{"epochs": 5}, {"net": network(9)}, {"about": {"dataset": "other"}}])
def test_other_settings_are_not_resumed(change, workers, tmp_path):
    path = tmp_path / "checkpoint.npz"
    trainer(workers, path, epochs=1).fit(*data())
    with pytest.raises(CheckpointError, match="epochs|architecture|dataset"):
        trainer(workers, path, **{"epochs": 1, **change}).resume()


@pytest.fixture
def stored(workers, tmp_path):
    """A trainer after an epoch, the arrays and the description of its checkpoint, and a function that writes others."""
    t = trainer(workers, tmp_path / "checkpoint.npz", optimizer=SGD(), epochs=2)
    t.fit(*data())
    return (t, *checkpoint.load(t.path), lambda arrays, description: checkpoint.save(t.path, arrays, description))


@pytest.mark.parametrize("change, words", [
    ({"param/fc1.W": np.zeros((2, 9), np.float32)}, r"param/fc1.W should be float32 \(2, 8\), .* float32 \(2, 9\)"),
    ({"param/fc1.W": np.zeros((2, 8))}, "the file has float64"), ({"param/fc1.W": None}, "the file has nothing"),
    ({"param/fc3.W": np.zeros(1)}, "param/fc3.W should be nothing"),
    ({"optimizer/velocity/fc1.W": None}, "velocity/fc1.W should be .* has nothing"),
    ({"optimizer/velocity/fc1.W": np.zeros(3, np.float32)}, r"velocity/fc1.W should be float32 \(2, 8\)"),
    ({"optimizer/mean/fc1.W": np.zeros((2, 8), np.float32)}, "optimizer/mean/fc1.W should be nothing"),
    ({"param/fc1.b": np.full(8, np.nan, np.float32)}, "param/fc1.b is not finite")])
def test_arrays_of_another_architecture_are_refused(change, words, stored):
    t, arrays, description, write = stored
    before = parameter_hash(t.network)
    write({name: array for name, array in {**arrays, **change}.items() if array is not None}, description)
    with pytest.raises(CheckpointError, match=words):
        t.resume()
    assert parameter_hash(t.network) == before


@pytest.mark.parametrize("change, words", [
    ({"kind": "system"}, "kind should be 'training'"), ({"about": 3}, "about should be an object"),
    ({"state": 3}, "state should be an object"), ({"state": {"epoch": -1}}, "epoch should be"),
    ({"state": {"history": [3]}}, r"history\[0\] should be an object"), ({"state": {"seen": "x"}}, "seen should be"),
    ({"state": {"loss_sum": float("nan")}}, "loss_sum should be a finite number"),
    ({"state": {"more": 1}}, "state has 'more'"), ({"state": {"epoch": 1}}, "do not agree"),
    ({"state": {"step": 10**9}}, "do not agree"), ({"state": {"seen": 7}}, "do not agree"),
    ({"state": {"history": []}}, "do not agree")])
def test_a_description_that_makes_no_sense_is_refused(change, words, stored):
    t, arrays, description, write = stored
    state = change.get("state")
    if isinstance(state, dict):
        change = {"state": {**description["state"], **state}}
    write(arrays, {**description, **change})
    with pytest.raises(CheckpointError, match=words) as error:
        t.resume()
    assert str(t.path) in str(error.value)


@pytest.mark.parametrize("description", [3, None, [], "text", {}])
def test_anything_else_in_place_of_the_description_is_refused(description, stored):
    t, arrays, _, write = stored
    write(arrays, description)
    with pytest.raises(CheckpointError, match="does not hold what it should: it (lacks|should be)"):
        t.resume()


def test_a_checkpoint_from_before_the_first_step_is_resumed(workers, tmp_path):
    first, second = (trainer(workers, tmp_path / "checkpoint.npz", optimizer=Adam()) for _ in range(2))
    first.save()
    second.resume()
    second.fit(*data())
    first.fit(*data())
    assert parameter_hash(first.network) == parameter_hash(second.network)


def test_non_finite_numbers_stop_the_run_within_a_batch(workers, tmp_path):
    path = tmp_path / "checkpoint.npz"
    x, labels = data()
    good = trainer(workers, path, epochs=2)
    good.fit(x, labels)
    before = path.read_bytes()
    x[40] = np.nan
    with pytest.raises(NonFiniteError, match="epoch 1, step .*the input"):
        trainer(workers, path).fit(x, labels)
    assert path.read_bytes() == before
    diverging = trainer(workers, path, rate=1e30, checkpoint_seconds=0)
    with pytest.raises(NonFiniteError, match="layer fc"):
        diverging.fit(*data())
    assert all(np.isfinite(a).all() for a in checkpoint.load(path)[0].values())


def test_a_parameter_that_is_not_finite_is_not_saved(workers, tmp_path):
    t = trainer(workers, tmp_path / "checkpoint.npz")
    t.save()
    before = t.path.read_bytes()
    t.network.params["fc2.b"][1] = np.inf
    with pytest.raises(NonFiniteError, match="^fc2.b is not finite: the last checkpoint is untouched"):
        t.save()
    assert t.path.read_bytes() == before


def test_the_gradient_is_blamed_where_it_is_to_blame(workers, monkeypatch):
    monkeypatch.setattr(train, "batch_gradients", lambda *a: (1.0, 0, {"fc2.W": np.array([np.inf]),
                                                                       "fc1.W": np.array([0.0])}))
    with pytest.raises(NonFiniteError, match="the gradient of fc2.W"):
        trainer(workers).fit(*data())


@pytest.fixture
def fetched(monkeypatch):
    """A list that grows by one whenever a number or an array leaves the device."""
    crossings = []

    def counted(plain):
        def crossing(self, *arguments):
            crossings.append(1)
            return plain(self, *arguments)
        return crossing
    for name in ("__float__", "__int__", "__bool__", "get"):
        monkeypatch.setattr(StrictArray, name, counted(getattr(StrictArray, name)))
    return crossings


def test_a_step_fetches_nothing_from_the_device(workers, fetched):
    net, optimizer = network().to(strict), SGD(weight_decay=1e-4)
    x, labels = (strict.asarray(a) for a in data())
    fetched.clear()
    for step in range(3):
        _, _, grads = batch_gradients(workers, net, SoftmaxCrossEntropy(), x, labels, lambda images, rng: images,
                                      (0, step))
        optimizer.step(net, grads, 0.1)
    assert not fetched


@pytest.mark.parametrize("lag", [1, 4, 50])
def test_a_device_may_run_ahead_and_gives_the_same_figures(lag, workers, monkeypatch, tmp_path):
    monkeypatch.setattr(train, "LAG", lag)
    expected = trainer(workers, shard=16).fit(*data())  # in one shard, as on the device
    t = trainer(workers, tmp_path / "checkpoint.npz", network().to(strict), checkpoint_seconds=0 if lag == 4 else 99)
    history = t.fit(*(strict.asarray(a) for a in data()))
    for a, b in zip(history, expected):
        assert np.isclose(a["loss"], b["loss"], rtol=1e-6) and a["train_top1"] == b["train_top1"]
    broken = data()[0]
    broken[40] = np.nan
    with pytest.raises(NonFiniteError, match="epoch 1"):
        trainer(workers, net=network().to(strict)).fit(strict.asarray(broken), strict.asarray(data()[1]))


@pytest.mark.parametrize("room, words", [(5, "of 16 images.*one of 4 does, try --set batch=4"), (0, "nor does")])
def test_a_batch_that_does_not_fit_is_named_beside_one_that_does(room, words, workers, monkeypatch):
    def small(workers, network, loss, images, *more):
        if len(images) > room:
            raise MemoryError("Out of memory allocating 1,024 bytes")
        return batch_gradients(workers, network, loss, images, *more)
    monkeypatch.setattr(train, "batch_gradients", small)
    with pytest.raises(CapacityError, match=words) as error:
        trainer(workers).fit(*data())
    assert "\n" not in str(error.value)


def test_refusals(workers):
    x, labels = data()
    for images, given in ((x, labels[:-1]), (x[:0], labels[:0]), (x, labels + 1), (x, labels.astype(float))):
        with pytest.raises(InputError):
            trainer(workers).fit(images, given)
    for sizes in ({"epochs": 0}, {"epochs": -1}, {"epochs": 1.5}):
        with pytest.raises(SettingsError):
            trainer(workers, **sizes)
    with pytest.raises(SettingsError):
        Trainer(network(), SGD(), constant(1), workers, None, 1, batch=0)


def test_it_is_given_its_loss(workers):
    """Numbers instead of classes: the network learns to copy its input."""
    x = data()[0]
    net = Network({"fc": Dense(2, 2, rng=np.random.default_rng(0))})
    t = trainer(workers, net=net, optimizer=SGD(), epochs=8, loss=SquaredError())
    history = t.fit(x, x)
    assert history[-1]["loss"] < history[0]["loss"] / 10 and history[0]["train_top1"] == 0
    with pytest.raises(InputError, match="targets must be"):
        trainer(workers, net=net, loss=SquaredError()).fit(x, x[:, :1])
