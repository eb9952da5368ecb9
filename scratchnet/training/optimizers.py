"""Optimisers: how a gradient becomes a step.

Not specified in the paper; we use stochastic gradient descent with Nesterov momentum. An optimiser changes the
parameters in place and keeps its own arrays in `state`, under the parameters' names, for the checkpoint.
"""
from ..backend import array_module
from ..checks import not_negative
from ..errors import InputError, SettingsError
from ..gpu import launcher


class SGD:
    """Stochastic gradient descent with momentum (Polyak) or Nesterov's variant, and weight decay.

        g ← g + decay · p        v ← momentum · v − rate · g
        p ← p + v                (Nesterov: p ← p + momentum · v − rate · g)

    Nesterov's form is that of Sutskever et al. (2013), written for the look-ahead point. Decay applies to what
    the layer declares, its weights.
    """

    def __init__(self, momentum=0.9, nesterov=True, weight_decay=0.0):
        not_negative(weight_decay=weight_decay)
        if not 0 <= momentum < 1:
            raise SettingsError(f"momentum must lie in [0, 1), got {momentum}")
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.state = {}

    def fresh(self, layer):
        """Return the state before the first step."""
        return {f"velocity/{name}": array_module(p).zeros_like(p) for name, p in layer.params.items()}

    def step(self, layer, grads, rate):
        """Change the parameters of `layer` (or network), in place, by one step against `grads`, which are used up."""
        _check_gradients(layer.params, grads)
        self.state = self.state or self.fresh(layer)
        for name, p in layer.params.items():
            decay = self.weight_decay if name in layer.decayed else 0.0
            v = self.state[f"velocity/{name}"]
            launch = launcher(array_module(p))
            if launch:
                launch("optimizers", "sgd", p.size, p, v, grads[name], float(rate), float(self.momentum),
                       float(decay), int(self.nesterov))
                continue
            g = _decayed(p, grads[name], decay)
            g *= rate
            v *= self.momentum
            v -= g
            if self.nesterov:
                p += self.momentum * v
                p -= g
            else:
                p += v


class Adam:
    """Kingma and Ba (2015): steps scaled by running averages of the gradient and its square.

        m ← β₁ m + (1 − β₁) g        s ← β₂ s + (1 − β₂) g²
        p ← p − rate · (m / (1 − β₁ᵗ)) / (√(s / (1 − β₂ᵗ)) + ε)
    """

    def __init__(self, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        not_negative(weight_decay=weight_decay)
        if not (0 <= beta1 < 1 and 0 <= beta2 < 1 and 0 < epsilon < float("inf")):
            raise SettingsError("Adam needs beta1 and beta2 in [0, 1) and a finite epsilon above 0, got "
                                f"{beta1}, {beta2} and {epsilon}")
        self.beta1, self.beta2, self.epsilon, self.weight_decay = beta1, beta2, epsilon, weight_decay
        self.state = {}

    def fresh(self, layer):
        """Return the state before the first step."""
        return {f"{slot}/{name}": array_module(p).zeros(1) if slot == "count" else array_module(p).zeros_like(p)
                for name, p in layer.params.items() for slot in ("mean", "square", "count")}

    def step(self, layer, grads, rate):
        """Change the parameters of `layer` (or network), in place, by one step against `grads`, which are used up."""
        _check_gradients(layer.params, grads)
        self.state = self.state or self.fresh(layer)
        for name, p in layer.params.items():
            decay = self.weight_decay if name in layer.decayed else 0.0
            g = _decayed(p, grads[name], decay)
            m, s, count = (self.state[f"{slot}/{name}"] for slot in ("mean", "square", "count"))
            count += 1
            m += (1 - self.beta1) * (g - m)
            s += (1 - self.beta2) * (g * g - s)
            unbiased = (s / (1 - self.beta2**count)) ** 0.5 + self.epsilon
            p -= (rate * m / (1 - self.beta1**count) / unbiased).astype(p.dtype)


def _check_gradients(params, grads):
    """Refuse a gradient that has not its parameter's shape: it would be broadcast, or read beyond its end."""
    for name, p in params.items():
        if grads[name].shape != p.shape:
            raise InputError(f"the gradient of {name} must have its shape {p.shape}, got {grads[name].shape}")


def _decayed(p, g, decay):
    if decay:
        g += decay * p
    return g

