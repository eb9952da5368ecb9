"""The training loop: draw a batch, compute its gradients, take a step, write a checkpoint.

All that the loop needs in order to go on is in its checkpoint: parameters, the optimiser's arrays, epoch, step
and the sums of the running epoch. Random numbers are drawn from a separate stream for each epoch, step
and shard (`randomness.stream`), never from one that was used before. So a run that is
killed at any moment and resumed, with however many threads, ends with exactly the parameters of the run left alone.
"""
import time
from dataclasses import dataclass, field

import numpy as np

from .. import checkpoint
from ..backend import array_module, to_device, to_host
from ..checks import positive
from ..errors import CapacityError, CheckpointError, InputError, NonFiniteError
from ..losses import SoftmaxCrossEntropy
from ..parallel import SHARD
from ..progress import bar
from ..randomness import stream
from ..schema import amount, anything, count, exactly, number, share
from .gradients import batch_gradients

KIND = "training"
DESCRIPTION = {  # of a checkpoint
    "kind": exactly(KIND), "about": {...: anything},
    "state": {"epoch": count, "step": count, "seen": count, "loss_sum": number, "right": count, "seconds": amount,
              "history": [{"epoch": count, "loss": number, "train_top1": share, "seconds": amount, ...: anything}]}}
CHECKPOINT_SECONDS = 30.0
LAG = 50  # steps that a GPU may run ahead before its losses are fetched and looked at


@dataclass
class TrainState:
    """Where a run stands. `seen`, `loss_sum` and `right` belong to the epoch that is under way."""

    epoch: int = 0
    step: int = 0
    seen: int = 0
    loss_sum: float = 0.0
    right: int = 0
    seconds: float = 0.0
    history: list = field(default_factory=list)


class Trainer:
    """Minimises the mean loss of a network over images.

    Parameters
    ----------
    network : Network
        Ends in the scores that the loss takes.
    optimizer : SGD or Adam
    schedule : callable
        Learning rate by the share of training done, from 0 to 1; see `schedules`.
    workers : Workers
        An open pool.
    prepare : callable
        ``prepare(images, rng) -> x``: from stored images to the network's input.
    epochs, batch : int
        Passes over the images, and images a step.
    seed : int
        Of the order of the images and whatever else is random.
    path : path, optional
        Checkpoint file; None keeps none.
    about : dict
        What the checkpoint says of itself. A checkpoint that says something else is not resumed.
    checkpoint_seconds : float
        Least time between two checkpoints within an epoch; each epoch ends with one in any case.
    progress : bool, optional
        Show bars; None means only on a terminal.
    say : callable, optional
        Is given one line of text after each epoch.
    loss : Loss, optional
        None means `SoftmaxCrossEntropy`.
    shard : int
        Images whose gradients are computed together on a CPU; see `batch_gradients`.
    """

    def __init__(self, network, optimizer, schedule, workers, prepare, epochs, batch=128, seed=0, path=None,
                 about=None, checkpoint_seconds=CHECKPOINT_SECONDS, progress=None, say=None, loss=None, shard=SHARD):
        positive(epochs=epochs, batch=batch, shard=shard)
        self.network, self.optimizer, self.schedule, self.workers = network, optimizer, schedule, workers
        self.prepare, self.epochs, self.batch, self.seed, self.path = prepare, epochs, batch, seed, path
        self.about = {**(about or {}), "architecture": repr(network), "seed": seed, "epochs": epochs, "batch": batch}
        self.checkpoint_seconds, self.progress, self.say = checkpoint_seconds, progress, say
        self.loss, self.shard, self.state = loss or SoftmaxCrossEntropy(), shard, TrainState()
        self._lag = 1 if array_module(*network.params.values()) is np else LAG
        self._waiting = []

    def fit(self, images, labels, validate=None):
        """Train on images (n, ...) with labels (n,) up to the last epoch and return the history.

        `validate`, if given, is called after each epoch and returns figures (a dict) to add to its row.
        The history has one row per epoch: epoch, loss, train_top1 (over the epoch, while training), rate,
        seconds, and the figures of `validate`.
        """
        if len(images) != len(labels) or len(images) == 0:
            raise InputError(f"there must be as many labels as images, at least one: {len(images)} images, "
                             f"{len(labels)} labels")
        self.loss.check(labels, len(images), self.network.output_shape(self.prepare(images[:1], None).shape[1:])[0])
        while self.state.epoch < self.epochs:
            self._epoch(images, labels)
            self._close_epoch(validate)
            self.save()
        return self.state.history

    def _epoch(self, images, labels):
        s, n = self.state, len(images)
        xp = array_module(images)
        order = stream("order", self.seed, s.epoch).permutation(n)
        steps = -(-n // self.batch)
        saved = clock = time.monotonic()
        title = f"epoch {s.epoch + 1:{len(str(self.epochs))}}/{self.epochs}"
        with bar(self.progress, total=n, initial=s.seen, unit=" images", desc=title) as shown:
            for step in range(s.step, steps):
                rows = to_device(order[step * self.batch:(step + 1) * self.batch], xp)
                last = step + 1 == steps
                due = self.path and not last and time.monotonic() - saved >= self.checkpoint_seconds
                self._step(images[rows], labels[rows], (s.epoch + step / steps) / self.epochs, look=last or due)
                s.step = step + 1
                now = time.monotonic()
                s.seconds, clock = s.seconds + now - clock, now
                if s.seen:
                    shown.set_postfix(loss=f"{s.loss_sum / s.seen:.3f}", top1=f"{s.right / s.seen:.1%}", refresh=False)
                shown.update(len(rows))
                if due:
                    self.save()
                    saved = clock = time.monotonic()

    def _step(self, images, labels, done, look):
        """Take one step. On a GPU, what it gave is looked at later, or now if `look` says so: looking is waiting."""
        found = self._gradients(images, labels)
        if found is None:
            fits = self._fitting(images, labels)
            raise CapacityError(f"a step of {len(labels)} images does not fit into memory: " +
                                (f"one of {fits} does, try --set batch={fits}" if fits else "nor does one of 1"))
        loss, right, grads = found
        self._waiting.append((loss, right, len(labels)))
        if look or len(self._waiting) >= self._lag:
            self._settle(images, grads)
        with np.errstate(all="ignore"):  # an overflow here is found by the next step, or by `save`
            self.optimizer.step(self.network, grads, self.schedule(done))

    def _gradients(self, images, labels):
        """Return what `batch_gradients` does, or None if memory does not suffice.

        An error that is being handled holds on to the arrays of the step, so whatever follows must not be in its
        handler.
        """
        s = self.state
        try:
            return batch_gradients(self.workers, self.network, self.loss, images, labels, self.prepare,
                                   (self.seed, s.epoch, s.step), self.shard)
        except MemoryError:  # CuPy's OutOfMemoryError is one
            return None

    def _fitting(self, images, labels):
        """Return how many images fit into memory, found by trying: half as many each time, 0 if none."""
        n = len(labels) // 2
        while n and self._gradients(images[:n], labels[:n]) is None:
            n //= 2
        return n

    def _settle(self, images, grads):
        """Fetch the figures of the steps that wait, and stop if they or the latest gradients are not finite."""
        s = self.state
        waiting, self._waiting = self._waiting, []
        losses = [float(loss) for loss, _, _ in waiting]
        if not np.isfinite(losses).all() or not _all_finite(grads):
            with np.errstate(all="ignore"):
                where = self._blame(images, grads)
            raise NonFiniteError(f"epoch {s.epoch + 1}, step {s.step + 1}: {where} is not finite: training stopped, "
                                 "the last checkpoint is untouched; use a lower learning rate, or look at the images")
        for loss, (_, right, n) in zip(losses, waiting):
            s.loss_sum, s.right, s.seen = s.loss_sum + loss * n, s.right + int(right), s.seen + n

    def _blame(self, images, grads):
        """Name the first place, in the order of computation, where a number is not finite."""
        x, rng = self.prepare(images, None), np.random.default_rng(0)
        if not _all_finite({"input": x}):
            return "the input"
        for name, layer in self.network.layers.items():
            x, _ = layer.forward(x, rng)
            if not _all_finite({name: x}):
                return f"the output of layer {name}"
        bad = [name for name in grads if not _all_finite({name: grads[name]})]
        return f"the gradient of {bad[0]}" if bad else "the loss"

    def _close_epoch(self, validate):
        s = self.state
        row = {"epoch": s.epoch + 1, "loss": s.loss_sum / s.seen, "train_top1": s.right / s.seen,
               "rate": self.schedule((s.epoch + 1) / self.epochs - 1e-9), "seconds": s.seconds,
               **(validate() if validate else {})}
        s.history.append(row)
        if self.say:
            top1 = ", ".join(f"{key} {value:.1%}" for key, value in row.items() if key.endswith("top1"))
            self.say(f"epoch {row['epoch']}/{self.epochs}: loss {row['loss']:.4f}, {top1}, "
                        f"{s.seen / max(s.seconds, 1e-9):,.0f} images/s")
        self.state = TrainState(epoch=s.epoch + 1, history=s.history)

    def save(self):
        """Write the checkpoint, unless a parameter is not finite."""
        if self.path is None:
            return
        if not _all_finite(self.network.params):
            bad = next(name for name, p in self.network.params.items() if not _all_finite({name: p}))
            raise NonFiniteError(f"{bad} is not finite: the last checkpoint is untouched; use a lower learning rate")
        checkpoint.save(self.path, self._arrays(), {"kind": KIND, "about": self.about, "state": vars(self.state)})

    def _arrays(self):
        """Return all arrays of a checkpoint by their names there."""
        self.optimizer.state = self.optimizer.state or self.optimizer.fresh(self.network)
        return {**{f"param/{name}": p for name, p in self.network.params.items()},
                **{f"optimizer/{name}": a for name, a in self.optimizer.state.items()}}

    def resume(self):
        """Go back to the state of the checkpoint.

        Raises
        ------
        CheckpointError
            If it is damaged or belongs to a run with other settings.
        """
        arrays, description = checkpoint.load(self.path)
        checkpoint.check(description, DESCRIPTION, self.path)
        same_run(description["about"], self.about, self.path)
        state, own = TrainState(**description["state"]), self._arrays()
        if (len(state.history), state.seen) != (state.epoch, state.step * self.batch) or state.epoch > self.epochs:
            raise CheckpointError(f"{self.path} is damaged: epoch {state.epoch}, step {state.step} do not agree with "
                                  "what it has seen: delete it to start afresh")
        checkpoint.check_arrays(arrays, own, self.path)
        for name, array in own.items():
            array[...] = to_device(arrays[name], array_module(array))
        self.state = state


def same_run(found, wanted, path):
    """Refuse what a file says of itself if it is not what is wanted of it; both are dicts ready for JSON."""
    different = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
    if different:
        raise CheckpointError(f"{path} belongs to a run with another {', '.join(different)}: use the same settings "
                              "to resume, or another --out to start afresh")


def _all_finite(arrays):
    return all(bool(array_module(a).isfinite(a).all()) for a in arrays.values())


def parameter_hash(network):
    """Return the SHA-256 of all parameters."""
    return checkpoint.digest({name: to_host(p) for name, p in network.params.items()})
