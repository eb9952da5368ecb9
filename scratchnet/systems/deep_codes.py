"""Deep binary codes (Lin et al., 2015): sigmoid units between descriptor and classifier, whose signs are the code.

Lin, Yang, Hsiao and Chen, Deep Learning of Binary Hash Codes for Fast Image Retrieval, CVPR workshops 2015. A trained
network gets a layer of q sigmoid units before its classifier and is trained on, by nothing but the softmax loss: the
classes have to pass through q numbers between 0 and 1, and the shortest way to tell them apart is at the ends. Coarse
search compares the codes, fine search the descriptors of what the coarse one found.
"""
from ..checks import positive
from ..errors import CheckpointError, SettingsError
from ..layers import Dense, Sigmoid
from ..network import Network
from ..randomness import stream
from ..retrieval.codes import pack_bits
from . import registry
from .kuo2016 import Kuo2016, Recipe
from .kuo2016.network import DESCRIPTOR, descriptor_layers

FROM_NOTHING = "nothing"
TRAINED_ON = Recipe("trained-on", rate=0.01, weight_decay=1e-3, shift=3, flip=True, dropout=0.5, test_flip=True)


class DeepCodes(Kuo2016):
    """Images → trained network → q sigmoid units → classes; the code is which units are above one half.

    The publication starts from a network trained on ImageNet. This package has no other images, so it starts from the
    bundled weights of the same data set, which have seen all of its training images, held-out ones among them: choose
    settings with ``start="nothing"``.

    Parameters
    ----------
    bits : int
        q, units of the layer.
    start : str
        The name of bundled weights ("cifar10", "cifar100"), the path of a fitted kuo2016 system, or "nothing".
    method, recipe, seed, preset, epochs
        See `Kuo2016`; `method` must be that of the start.
    """

    name, title, paper = "deep_codes", "Deep binary codes", "Lin et al. 2015"
    published, variants, hashes = {}, {}, True
    presets = {"quick": {"start": FROM_NOTHING, "epochs": 4, "recipe": "paper", "method": "cnn_rgb"}, "cpu": {},
               "paper": {"epochs": 32}}

    def __init__(self, bits=48, start="cifar10", method="pretrain_cnn_rgb_da", recipe=None, seed=0, preset="cpu",
                 epochs=10):
        recipe = recipe or ("best" if start == FROM_NOTHING else TRAINED_ON)
        super().__init__(method, None, recipe, seed, preset, epochs)
        (self.bits,) = positive(bits=bits)
        self.start = start

    @property
    def method(self):
        """The system's name and the number of bits."""
        return f"{self.name}_{self.bits}"

    def _network(self, classes, recipe):
        rng = stream("weights", self.seed)
        layers = descriptor_layers(self.channels, recipe, rng)
        return Network({**layers, "latent": Dense(DESCRIPTOR, self.bits, rng=rng), "sigmoid": Sigmoid(),
                        "classifier": Dense(self.bits, classes, rng=rng)})

    def _start(self, rgb, about, fitting):
        if self.start == FROM_NOTHING:
            return super()._start(rgb, about, fitting)
        found = registry.fitted(self.start)
        if type(found) is not Kuo2016:
            raise CheckpointError(f"{self.start} holds {found.name}: {self.name} starts from a fitted kuo2016")
        if found.channels != self.channels or self.recipe.normalization != "none":
            raise SettingsError(f"{self.start} has {found.channels} channels and no batch normalisation, so that it "
                                f"cannot start {self._method} with recipe {self.recipe.name}: choose method="
                                f"{found.method} and a recipe without, or start={FROM_NOTHING}")
        self.standardizer = found.standardizer
        for name, p in found.network.params.items():
            if not name.startswith("classifier"):
                self.network.params[name][...] = p
        return 0.0

    def _outputs(self, rgb):
        """Return the descriptor (n, 400), the packed codes (n, bytes) and the scores of the classes."""
        layers = self.network.layers
        descriptor, _ = layers["relu4"].forward(self._before_relu(rgb))
        latent, _ = layers["latent"].forward(descriptor)
        scores, _ = layers["classifier"].forward(layers["sigmoid"].forward(latent)[0])
        return {"descriptor": descriptor, "scores": scores, "codes": pack_bits(latent > 0)}

    def _settings(self):
        return {**super()._settings(), "bits": self.bits, "start": self.start}
