"""Read numbers off tensors without making a GPU wait.

On the CPU a number is read at once. On a device it is copied there and read with all others in one
transfer, when :meth:`Numbers.collect` is called.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Receive = Callable[[float], None]
ReceiveAll = Callable[[list[float]], None]


class Numbers:
    """Numbers on their way to the host."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Tensor, ReceiveAll]] = []

    def read(self, scalar: Tensor, receive: Receive) -> None:
        """Give the value of a one-element tensor to ``receive``, now or at the next collect."""
        scalar = scalar.detach()
        if scalar.device.type == "cpu":
            receive(scalar.item())
        else:
            self._wait(scalar, lambda values: receive(values[0]))

    def read_all(self, vector: Tensor, receive: ReceiveAll) -> None:
        """The same for many numbers at once."""
        vector = vector.detach().reshape(-1)
        if vector.device.type == "cpu":
            receive(vector.tolist())
        else:
            self._wait(vector, receive)

    def _wait(self, numbers: Tensor, receive: ReceiveAll) -> None:
        self._waiting.append((numbers.double().clone().reshape(-1), receive))
        if len(self._waiting) >= 256:
            self.collect()

    def collect(self) -> None:
        """Deliver everything that waits: one transfer for each device."""
        waiting, self._waiting = self._waiting, []
        for device in {numbers.device for numbers, _ in waiting}:
            here = [(numbers, receive) for numbers, receive in waiting if numbers.device == device]
            values = torch.cat([numbers for numbers, _ in here]).tolist()
            start = 0
            for numbers, receive in here:
                receive(values[start : start + len(numbers)])
                start += len(numbers)
