"""Keras layers with a leading member axis: all networks of a committee compute in one product, none one after another.

Sources: dense products per member as in "BatchEnsemble", Wen, Tran, Ba, ICLR 2020, without its sharing of weights;
the gate that keeps the best k: Shazeer and others, "Outrageously large neural networks: the sparsely-gated
mixture-of-experts layer", ICLR 2017; its load-balancing loss: Fedus, Zoph, Shazeer, "Switch Transformers", JMLR 23
(2022), equation 4.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

NOTHING = -1e9  # a logit whose probability is zero


@keras.saving.register_keras_serializable("road")
class MemberDense(keras.layers.Layer):
    """One dense layer for each of m members: z[b, m] = x[b, m] W[m] + b[m].

    Takes (batch, inputs), which every member sees, or (batch, m, inputs); gives (batch, m, units). Each member starts
    with a Glorot-uniform matrix of its own.
    """

    def __init__(self, members: int, units: int, *, seed: int, **named: Any) -> None:
        super().__init__(**named)
        self.members, self.units, self.seed = members, units, seed

    def build(self, input_shape: Sequence[int]) -> None:
        """Make the weights (m, inputs, units) and the biases (m, units)."""
        inputs = int(input_shape[-1])
        reach = (6.0 / (inputs + self.units)) ** 0.5  # Glorot and Bengio, AISTATS 2010, for one member
        start = keras.initializers.RandomUniform(-reach, reach, seed=self.seed)
        shape = (self.members, inputs, self.units)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=start)
        self.bias = self.add_weight(name="bias", shape=(self.members, self.units), initializer="zeros")

    def call(self, x: Any) -> Any:
        """Return (batch, m, units)."""
        pattern = "bi,miu->bmu" if len(x.shape) == 2 else "bmi,miu->bmu"
        return keras.ops.einsum(pattern, x, self.kernel) + self.bias


@keras.saving.register_keras_serializable("road")
class BestGate(keras.layers.Layer):
    """Shares from the gate's sums: softmax over all members, then all but the best `active` are set to zero.

    The kept shares are not scaled up again: then p = sum of the kept g_k p_k is a lower bound of the full mixture, and
    a gate that asks a single expert still learns (scaled up, its share would always be 1, without a gradient).
    balance: weight of the loss m * sum_k f_k P_k - 1, which is 0 for even use and m - 1 if one member gets everything;
    f_k is the share of examples for which member k is kept, over `active`, and P_k its mean share before dropping.
    """

    def __init__(self, active: int, balance: float, **named: Any) -> None:
        super().__init__(**named)
        self.active, self.balance = active, balance

    def call(self, sums: Any) -> Any:
        """Return shares (batch, m) of sums (batch, m)."""
        shares, members = keras.ops.softmax(sums, axis=-1), int(sums.shape[-1])
        active = self.active or members
        if active < members:
            least = keras.ops.top_k(shares, active)[0][:, -1:]
            kept = keras.ops.cast(shares >= least, shares.dtype)
        else:
            # Every expert is kept, so that use is counted by the shares themselves.
            kept, active = shares, 1
        if self.balance:
            use = keras.ops.stop_gradient(keras.ops.mean(kept, axis=0)) / active
            self.add_loss(self.balance * (members * keras.ops.sum(use * keras.ops.mean(shares, axis=0)) - 1.0))
        return shares if active == 1 and kept is shares else shares * kept


@keras.saving.register_keras_serializable("road")
class EvenShares(keras.layers.Layer):
    """Every member has the same say: takes (batch, m, c), gives (batch, m) filled with 1 / m."""

    def call(self, logits: Any) -> Any:
        """Return (batch, m)."""
        return keras.ops.zeros_like(logits[:, :, 0]) + 1.0 / int(logits.shape[1])


@keras.saving.register_keras_serializable("road")
class OwnClasses(keras.layers.Layer):
    """Put each member's logits, (batch, m, width), in the places of its own classes: (batch, m, classes).

    The classes are dealt out in order, as evenly as they go; where a member has no say its logit is -1e9.
    """

    def __init__(self, classes: int, **named: Any) -> None:
        super().__init__(**named)
        self.classes = classes

    def build(self, input_shape: Sequence[int]) -> None:
        """Write down which place of which member is which class: (m, width, classes) of zeros and ones."""
        _, members, width = input_shape
        self.places = np.zeros((int(members), int(width), self.classes), np.float32)
        for member, own in enumerate(deal(self.classes, int(members))):
            for place, label in enumerate(own):
                self.places[member, place, label] = 1.0

    def call(self, logits: Any) -> Any:
        """Return (batch, m, classes)."""
        empty = NOTHING * (1.0 - self.places.sum(axis=1))  # (m, classes)
        return keras.ops.einsum("bmw,mwc->bmc", logits, self.places) + empty


@keras.saving.register_keras_serializable("road")
class GroupShares(keras.layers.Layer):
    """Share of each group of classes under one softmax over all classes: takes (batch, m, c), gives (batch, m)."""

    def call(self, logits: Any) -> Any:
        """Return (batch, m): the softmax over the members of the log of their summed exponentials."""
        return keras.ops.softmax(keras.ops.logsumexp(logits, axis=-1), axis=-1)


def deal(classes: int, members: int) -> list[list[int]]:
    """Deal classes 0, 1, ... out to members in order: ten classes to three members are 4, 3 and 3."""
    return [part.tolist() for part in np.array_split(np.arange(classes), members)]
