"""Read numbers off tensors without making a GPU wait.

On the CPU a number is read at once. On a device it is copied there and read with all others in one
transfer, when :meth:`Numbers.collect` is called.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Receive = Callable[[float], None]


class Numbers:
    """Numbers on their way to the host."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Tensor, Receive]] = []

    def read(self, scalar: Tensor, receive: Receive) -> None:
        """Give the value of a one-element tensor to ``receive``, now or at the next collect."""
        scalar = scalar.detach()
        if scalar.device.type == "cpu":
            receive(scalar.item())
            return
        self._waiting.append((scalar.double().clone().reshape(()), receive))
        if len(self._waiting) >= 256:
            self.collect()

    def collect(self) -> None:
        """Deliver everything that waits: one transfer for each device."""
        waiting, self._waiting = self._waiting, []
        for device in {scalar.device for scalar, _ in waiting}:
            here = [(scalar, receive) for scalar, receive in waiting if scalar.device == device]
            values = torch.stack([scalar for scalar, _ in here]).tolist()
            for value, (_, receive) in zip(values, here, strict=True):
                receive(value)
