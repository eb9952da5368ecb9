"""CNNH and CNNH+ (Xia et al., 2014): codes are found from labels first, and then a network learns to predict them.

Supervised Hashing for Image Retrieval via Image Representation Learning, AAAI 2014. The first stage is `target_codes`.
The second is a convolutional network with an output for each bit and, in CNNH+, one for each class beside them; an
image's code is the signs of the former. The publication's network is a small one of its time; ours is that of Kuo, Chou
and Chang (2016), so that the two systems differ in what they learn and in nothing else.
"""
import time

import numpy as np

from ...checks import flags, positive
from ...layers import Dense
from ...losses import CodesAndClasses
from ...network import Network
from ...randomness import stream
from ...retrieval.codes import pack_bits
from ..kuo2016 import Kuo2016
from ..kuo2016.network import DESCRIPTOR, descriptor_layers
from . import target_codes


class CNNH(Kuo2016):
    """Labels → codes of the training images; then images → network → bits, and classes beside them.

    Published figures are MAPs of rankings by Hamming distance, with 1,000 queries and 5,000 labelled training images.

    Parameters
    ----------
    bits : int
        Length of a code.
    plus : bool
        Whether the network learns the classes, too: CNNH+.
    sweeps : int
        Of the first stage; see `target_codes.codes_of_labels`.
    method, recipe, seed, preset, epochs
        Of the network; see `Kuo2016`.
    """

    name, title, paper = "cnnh", "CNNH+, two-stage hashing", "Xia et al. 2014"
    published, variants, hashes = {}, {}, True
    presets = {"quick": {"epochs": 4, "recipe": "paper", "method": "cnn_rgb"}, "cpu": {},
               "paper": {"recipe": "2016", "method": "cnn_rgb"}}

    def __init__(self, bits=48, plus=True, sweeps=10, method="pretrain_cnn_rgb_da", recipe="best", seed=0,
                 preset="cpu", epochs=100):
        super().__init__(method, None, recipe, seed, preset, epochs)
        self.bits, self.sweeps = positive(bits=bits, sweeps=sweeps)
        (self.plus,) = flags(plus=plus)

    @property
    def method(self):
        """CNNH or CNNH+, and the number of bits."""
        return f"cnnh{'_plus' * self.plus}_{self.bits}"

    def _network(self, classes, recipe):
        rng = stream("weights", self.seed)
        layers = descriptor_layers(self.channels, recipe, rng)
        return Network({**layers, "bits": Dense(DESCRIPTOR, self.bits + classes * self.plus, rng=rng)})

    def _last(self):
        return "bits", self.bits + self.classes * self.plus

    def _loss(self):
        return CodesAndClasses(self.bits, self.recipe.smoothing)

    def _targets(self, labels, about, fitting):
        """Return the bits of the first stage and the labels, (n, bits + 1): row i is that of image i."""
        def make(start, keep):
            begun = time.monotonic()
            H, costs = target_codes.codes_of_labels(labels, self.bits, self.sweeps, stream("codes", self.seed))
            return {"codes": H}, {"costs": costs, "seconds": time.monotonic() - begun}
        arrays, state = fitting.part("codes", about, {"codes": ((len(labels), self.bits), np.int8)}, make)
        target_codes.check_order(arrays["codes"], labels)
        self.seconds["codes"] = state["seconds"]
        fitting.say(f"codes of {self.bits} bits: cost {state['costs'][0]:.4f} to {state['costs'][-1]:.4f} in "
                    f"{len(state['costs'])} sweeps, {state['seconds']:.1f} s")
        return np.column_stack([arrays["codes"] > 0, labels]).astype(np.int32)

    def _outputs(self, rgb):
        """Return the descriptor (n, 400), the codes (n, bytes), packed, and for CNNH+ the scores of the classes."""
        layers = self.network.layers
        descriptor, _ = layers["relu4"].forward(self._before_relu(rgb))
        found, _ = layers["bits"].forward(descriptor)
        outputs = {"descriptor": descriptor, "codes": pack_bits(found[:, :self.bits] > 0)}
        return {**outputs, "scores": found[:, self.bits:]} if self.plus else outputs

    def _settings(self):
        return {**super()._settings(), "bits": self.bits, "plus": self.plus, "sweeps": self.sweeps}
