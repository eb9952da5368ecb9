"""Losses: from scores to one number, and back.

The paper attaches a softmax classifier to its descriptor (section 4). Softmax and logarithm are taken together:
log-sum-exp with the largest score subtracted is exact where e^score alone would overflow. A loss is an object
passed to the training; called with scores and targets, it returns its mean over the images and the gradient of that.
"""
from .backend import array_module
from .checks import not_negative, positive
from .errors import InputError, SettingsError
from .gpu import launcher


class Loss:
    """A mean over images that training lowers: ``loss(scores, targets) -> (value, dscores)``."""

    def __call__(self, scores, targets, checked=False):
        """Return the mean loss of scores (N, C), a 0-d float, and its gradient (N, C).

        With `checked`, targets are known to fit, and nobody looks at them: on a GPU, looking is waiting.
        """
        raise TypeError(f"{type(self).__name__} does not say what it computes")

    def check(self, targets, N, C):
        """Refuse targets that do not fit scores (N, C), before any arithmetic; here, labels of classes."""
        check_labels(targets, N, C)

    def right(self, scores, targets):
        """Return how many images have their highest score in the class that is their target."""
        return (array_module(scores).argmax(scores, axis=1) == targets).sum()


class SoftmaxCrossEntropy(Loss):
    """`softmax_cross_entropy` with a share `smoothing` of the probability spread over all classes.

    With a `margin`, the score of the right class counts as lower by so much: an image is learnt from until its class
    leads by the margin. Of scores s · cos, a margin of s · m is CosFace (Wang et al., 2018).
    """

    def __init__(self, smoothing=0.0, margin=0.0):
        if not 0 <= smoothing < 1:
            raise SettingsError(f"label smoothing must be at least 0 and below 1, got {smoothing}")
        not_negative(margin=margin)
        self.smoothing, self.margin = smoothing, margin

    def __call__(self, scores, targets, checked=False):
        """Return the loss of scores (N, C) for labels (N,), and its gradient."""
        if self.margin:
            xp, (N, C) = _check_scores(scores, targets), scores.shape
            if not checked:
                self.check(targets, N, C)
            lower = xp.zeros_like(scores)
            lower[xp.arange(N), targets] = self.margin
            scores = scores - lower
        return softmax_cross_entropy(scores, targets, self.smoothing, checked)


class SquaredHinge(Loss):
    """L = (1/N) Σ_n Σ_c max(0, 1 − t[n, c] · scores[n, c])², t = 1 for the image's class and −1 for all others.

    One two-class support vector machine for each class, with squared errors (L2-SVM; Tang, Deep Learning using Linear
    Support Vector Machines, 2013).
    """

    def __call__(self, scores, targets, checked=False):
        """Return the loss of scores (N, C) for labels (N,), and ∂L/∂scores = −2 t · max(0, 1 − t · scores) / N."""
        xp, (N, C) = _check_scores(scores, targets), scores.shape
        if not checked:
            self.check(targets, N, C)
        sign = xp.where(targets[:, None] == xp.arange(C), 1, -1).astype(scores.dtype)
        margin = xp.maximum(1 - sign * scores, 0)
        return (margin * margin).sum() / N, -2 / N * sign * margin


class SquaredError(Loss):
    """L = (1/2N) Σ_n ‖scores[n] − targets[n]‖², for targets (N, C) of floating point numbers."""

    def __call__(self, scores, targets, checked=False):
        """Return the loss, and ∂L/∂scores = (scores − targets) / N."""
        _check_scores(scores, targets)
        if not checked:
            self.check(targets, *scores.shape)
        error = scores - targets
        return (error * error).sum() / (2 * len(scores)), error / len(scores)

    def check(self, targets, N, C):
        """Refuse targets that are not floating point numbers (N, C)."""
        if targets.shape != (N, C) or targets.dtype.kind != "f":
            raise InputError(f"targets must be floating point numbers ({N}, {C}), got {targets.dtype} of shape "
                             f"{tuple(targets.shape)}")

    def right(self, scores, targets):
        """Return 0: nothing is right or wrong where targets are numbers."""
        return 0


class CodesAndClasses(Loss):
    """Learns binary codes, one logistic regression for each bit, and the classes beside them.

    The first `bits` scores s are for the bits h (0 or 1) of a code, the others, if there are any, for the classes:

        L = (1/N) Σ_n [ (1/q) Σ_j (log(1 + e^s[n, j]) − h[n, j] s[n, j]) + softmax cross-entropy of the others ]

    The second stage of CNNH and, with classes, of CNNH+ (Xia et al., 2014). Targets are whole numbers (N, bits + 1),
    the bits and, in the last column, the label.

    Parameters
    ----------
    bits : int
        q.
    smoothing : float
        Of the labels; see `softmax_cross_entropy`.
    """

    def __init__(self, bits, smoothing=0.0):
        (self.bits,) = positive(bits=bits)
        self.classes = SoftmaxCrossEntropy(smoothing)

    def __call__(self, scores, targets, checked=False):
        """Return the loss, and its gradient (N, C): ∂L/∂s = (1 / (1 + e^−s) − h) / (q N) for the bits."""
        xp, q = _check_scores(scores, targets), self.bits
        if not checked:
            self.check(targets, *scores.shape)
        s, h = scores[:, :q], targets[:, :q].astype(scores.dtype)
        small = xp.exp(-xp.abs(s))  # of the sigmoid and of the logarithm, whatever the sign of s
        loss = (xp.maximum(s, 0) + xp.log1p(small) - h * s).mean()
        dscores = xp.empty_like(scores)
        dscores[:, :q] = (xp.where(s < 0, small, 1) / (1 + small) - h) / (q * len(s))
        if scores.shape[1] > q:
            of_classes, dscores[:, q:] = self.classes(scores[:, q:], targets[:, q], checked=True)
            loss = loss + of_classes
        return loss, dscores

    def check(self, targets, N, C):
        """Refuse targets that are not the bits and the label of N images."""
        q = self.bits
        if C < q or targets.shape != (N, q + 1) or targets.dtype.kind not in "iu":
            raise InputError(f"targets must be whole numbers ({N}, {q + 1}), {q} bits and a label, for at least {q} "
                             f"scores: got {targets.dtype} of shape {tuple(targets.shape)} for {C} scores")
        if N and not bool(((targets[:, :q] == 0) | (targets[:, :q] == 1)).all()):
            raise InputError("the bits of a code must be 0 or 1")
        if C > q:
            check_labels(targets[:, q], N, C - q)

    def right(self, scores, targets):
        """Return how many images have the highest score of a class in their own; 0 without classes."""
        q = self.bits
        return self.classes.right(scores[:, q:], targets[:, q]) if scores.shape[1] > q else 0


def softmax_cross_entropy(scores, labels, smoothing=0.0, checked=False):
    """Return the mean cross-entropy of softmax(scores), and its gradient.

        L = −(1/N) Σ_n Σ_c t[n, c] log p[n, c],   p[n, c] = e^scores[n, c] / Σ_k e^scores[n, k]
        ∂L/∂scores = (p − t) / N,   t = (1 − smoothing) · onehot(labels) + smoothing / C

    Without smoothing, t asks for the whole probability in the right class, and L = −(1/N) Σ_n log p[n, labels[n]].

    Parameters
    ----------
    scores : (N, C) float array
        Stable for scores of ±1e4 and beyond.
    labels : (N,) integer array
        Class of each row, 0 ≤ label < C.
    smoothing : float
        Share of the probability that the target spreads evenly over all classes, 0 ≤ smoothing < 1 (label smoothing,
        Szegedy et al., 2016): it stops rewarding scores that grow without bound.
    checked : bool
        Labels are known to fit, so that nobody need look at them: on a GPU, looking is waiting.

    Returns
    -------
    loss : 0-d float
        In nats.
    dscores : (N, C) float array

    Raises
    ------
    InputError
        If shapes or dtypes do not fit or a label is out of range.
    SettingsError
        If smoothing is out of range.
    """
    xp = _check_scores(scores, labels)
    if not 0 <= smoothing < 1:
        raise SettingsError(f"label smoothing must be at least 0 and below 1, got {smoothing}")
    N, C = scores.shape
    if not checked:
        check_labels(labels, N, C)
    launch = launcher(xp)
    if launch:
        losses, dscores = xp.empty(N, dtype=scores.dtype), xp.empty((N, C), dtype=scores.dtype)
        launch("losses", "softmax_cross_entropy", N, xp.ascontiguousarray(scores), labels.astype("int64"), losses,
               dscores, C, float(smoothing))
        return losses.mean(), dscores
    rows = xp.arange(N)
    shifted = scores - scores.max(axis=1, keepdims=True)
    exp = xp.exp(shifted)
    total = exp.sum(axis=1, keepdims=True)
    right = shifted[rows, labels]
    losses = xp.log(total[:, 0]) - right
    if smoothing:  # without, a score of −∞ is a probability of 0 and no more, and 0 · ∞ would be no number
        losses += smoothing * (right - shifted.mean(axis=1))
    loss = losses.mean()
    dscores = exp / total - smoothing / C
    dscores[rows, labels] -= 1 - smoothing
    dscores /= N
    return loss, dscores


def _check_scores(scores, targets):
    """Refuse what is not a float array (N, C) with N ≥ 1, and return its array module."""
    xp = array_module(scores, targets)
    if scores.ndim != 2 or scores.dtype.kind != "f" or len(scores) == 0:
        raise InputError(f"scores must be floating point numbers (N, C) with N ≥ 1, "
                         f"got {scores.dtype} of shape {tuple(scores.shape)}")
    return xp


def check_labels(labels, N, C):
    """Refuse labels that are not N whole numbers from 0 to C − 1, before any arithmetic."""
    array_module(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) != N:
        raise InputError(f"labels must be {N} whole numbers, got {labels.dtype} of shape {tuple(labels.shape)}")
    if N and (int(labels.min()) < 0 or int(labels.max()) >= C):
        raise InputError(f"labels must lie between 0 and {C - 1}, got {int(labels.min())} to {int(labels.max())}: "
                         "does the network have as many outputs as the data set has classes?")
