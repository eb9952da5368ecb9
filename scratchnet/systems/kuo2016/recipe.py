"""The settings that the paper leaves open: each is a field of `Recipe` with one default; `ledger` says why."""
from dataclasses import asdict, dataclass, replace

from ...checks import positive, typed
from ...errors import SettingsError
from ...layers import CosineDense, Dropout, MaxPool2D, MeanPool2D
from ...layers.conv import ALGORITHMS
from ...suggest import nearest
from ...training.optimizers import SGD
from ...training.schedules import one_cycle, steps
from ...unsupervised import ZCA, SparseAutoencoder

SCHEDULES = {"one_cycle": one_cycle, "steps": steps}
POOLINGS = {"max": lambda: MaxPool2D(2), "mean": lambda: MeanPool2D(2), "overlapping": lambda: MaxPool2D(3, 2)}
DEEPER = 5  # a patch of conv2's or conv3's input is many times as large as one of the image: take fewer


@dataclass(frozen=True)
class Recipe:
    """The settings that the paper leaves open; numbers in comments are rows of the ledger."""

    name: str = "paper"
    pooling: str = "max"                 # 2: max, mean or overlapping
    patches: str = "all"                 # 3: all (input channels), or gray
    kernels: str = "autoencoder"         # what pre-training is: autoencoder, or eigenpatches
    pretrained_layers: int = 1           # 3: 1, or 2 or 3, each learnt from the output of those before it
    kernel_scale: str = "he"             # 5: he, or learned
    identity: bool = False               # whether conv2 and conv3 start by passing each map on
    convolution: str = "auto"            # how to compute it: auto, winograd, im2col or naive
    batch: int = 128                     # 6
    shard: int = 32                      # images whose gradients, and batch statistics, are computed together
    rate: float = 0.03
    momentum: float = 0.9
    weight_decay: float = 5e-3
    patch_count: int = 50_000
    pretrain_iterations: int = 200
    whitening_epsilon: float = 0.1
    sparsity: float = 0.035
    sparsity_weight: float = 5.0
    sparse_weight_decay: float = 3e-3
    schedule: str = "one_cycle"          # of the rate: one_cycle, or steps (a tenth at 60 % and at 84 %)
    shift: int = 0                       # 7: pixels by which training images are moved, at most
    border: str = "mean"                 # what moves in: the mean colour, or the image, mirrored
    flip: bool = False                   # 7: whether half of the training images are mirrored
    normalization: str = "none"          # none, or batch: after each sub-sampling, while training
    dropout: float = 0.0                 # share of the descriptor that is switched off while training
    smoothing: float = 0.0               # of the labels
    classifier: str = "dense"            # dense, or cosine: scores are scaled cosines of angles
    scale: float = 10.0                  # of these cosines
    margin: float = 0.0                  # cosine by which the right class must lead
    test_flip: bool = False              # 7: whether an image is described as the mean of itself and its mirror image
    test_shift: int = 0                  # of two further views of it, moved by so many pixels along the diagonal

    def __post_init__(self):
        choices = {"pooling": POOLINGS, "patches": ("gray", "all"), "kernel_scale": ("he", "learned"),
                   "convolution": ("auto", *ALGORITHMS), "schedule": SCHEDULES, "flip": (False, True),
                   "normalization": ("none", "batch"), "test_flip": (False, True),
                   "classifier": ("dense", "cosine"), "kernels": ("autoencoder", "eigenpatches"),
                   "identity": (False, True), "border": ("mean", "reflect")}
        for field, allowed in choices.items():
            if getattr(self, field) not in allowed:
                raise SettingsError(f"there is no {field} {getattr(self, field)!r}: "
                                    f"choose one of {', '.join(map(str, allowed))}")
        if self.pretrained_layers not in (1, 2, 3):
            raise SettingsError(f"there are 1 to 3 convolutions to pre-train, got {self.pretrained_layers}")
        positive(batch=self.batch, shard=self.shard, patch_count=self.patch_count,
                 pretrain_iterations=self.pretrain_iterations)
        least = 2 * (DEEPER if self.pretrained_layers > 1 else 1)
        if self.patch_count < least:
            raise SettingsError(f"whitening needs a patch_count of at least {least}, got {self.patch_count}")
        if not 0 < self.rate < float("inf"):
            raise SettingsError(f"the learning rate must be above 0 and finite, got {self.rate}")
        for shift in (self.shift, self.test_shift):
            if not 0 <= shift < 16:
                raise SettingsError(f"images of 32 pixels can be shifted by 0 to 15, got {shift}")
        if self.kernels == "eigenpatches" and self.pretrained_layers > 1:
            raise SettingsError("eigenpatches are for the first layer: choose pretrained_layers=1")
        if not 0 <= self.smoothing < 1:
            raise SettingsError(f"label smoothing must be at least 0 and below 1, got {self.smoothing}")
        if not 0 <= self.margin < 2 or self.margin and self.classifier != "cosine":
            raise SettingsError(f"a margin is a cosine from 0 to below 2, of the classifier cosine, got {self.margin}")
        # These refuse settings that make no sense: now, and not when the auto-encoder has learnt.
        Dropout(self.dropout), CosineDense(1, 1, self.scale)
        SGD(self.momentum, True, self.weight_decay)
        ZCA(self.whitening_epsilon)
        SparseAutoencoder(1, 1, self.sparsity, self.sparsity_weight, self.sparse_weight_decay)

    def changed(self, changes):
        """Return this recipe with changes ``["name=value", ...]``, which become part of its name.

        Raises
        ------
        SettingsError
            If there is no such setting, or it does not take such a value.
        """
        values = {name: value for name, value in asdict(self).items() if name != "name"}
        listing = ", ".join(f"{name}={value}" for name, value in values.items())
        for change in changes:
            name, _, text = change.partition("=")
            if name not in values:
                raise SettingsError(f"the recipe has no setting {name!r}{nearest(name, values)}; it has {listing}")
            values[name] = typed(text, values[name], name)
        return Recipe("+".join([self.name, *changes]), **values)

    def without_normalization(self):
        """Return the recipe of the same network after training, when batch normalisation is folded away."""
        return replace(self, normalization="none")


RECIPES = {
    "paper": Recipe(),
    "2016": Recipe("2016", schedule="steps", rate=0.01, weight_decay=5e-4),
    "best": Recipe("best", rate=0.1, weight_decay=1e-3, shift=3, flip=True, normalization="batch", dropout=0.5,
                   smoothing=0.1, test_flip=True),
}
