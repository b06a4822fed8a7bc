"""Moments of the columns of tables, added up on their device."""

import torch
from torch import Tensor

from unstuck.records.inputs import Column

_ROWS, _COLUMNS = 4096, 256


class Columns:
    """Mean, spread, extremes and zeros of up to 256 columns; entries that are not finite are left out."""

    def __init__(self, axis: int) -> None:
        self._axis = axis
        self._sums: Tensor | None = None
        self._low: Tensor | None = None
        self._high: Tensor | None = None
        self._stride = 1
        self.rows = 0
        self.features = 0

    def add(self, values: Tensor) -> None:
        """Take note of one table, or of the channels of one batch of images."""
        if not values.numel() or not values.is_floating_point():
            return
        table = values.detach().movedim(min(self._axis, values.dim() - 1), -1)
        table = table[: max(1, 2**20 // max(1, table[0].numel()))]
        table = table.reshape(-1, table.shape[-1])
        if self.features not in (0, table.shape[1]):
            return
        self.features = table.shape[1]
        self._stride = -(-self.features // _COLUMNS)
        table = table[:: max(1, len(table) // _ROWS), :: self._stride][:_ROWS].double()
        self._count(table)
        self.rows += len(table)

    def _count(self, table: Tensor) -> None:
        finite = torch.isfinite(table)
        table = torch.where(finite, table, 0.0)
        parts = (
            finite,
            table,
            table**2,
            (table == 0) & finite,
            (table != 0) & (table != 1),
        )
        sums = torch.stack([part.double().sum(0) for part in parts])
        low, high = table.amin(0), table.amax(0)
        if self._sums is None or self._low is None or self._high is None:
            self._sums, self._low, self._high = sums, low, high
        else:
            self._sums = self._sums + sums
            self._low = torch.minimum(self._low, low)
            self._high = torch.maximum(self._high, high)

    def _read(self) -> tuple[list[list[float]], list[float], list[float]] | None:
        if self._sums is None or self._low is None or self._high is None:
            return None
        return self._sums.tolist(), self._low.tolist(), self._high.tolist()

    def columns(self) -> list[Column]:
        """Every column kept."""
        read = self._read()
        if read is None:
            return []
        (counts, sums, squares, zeros, others), lows, highs = read
        made: list[Column] = []
        for place, count in enumerate(counts):
            n = max(1.0, count)
            mean = sums[place] / n
            made.append(
                {
                    "index": place * self._stride,
                    "mean": mean,
                    "std": max(0.0, squares[place] / n - mean**2) ** 0.5,
                    "largest": max(abs(lows[place]), abs(highs[place])),
                    "zeros": zeros[place] / n,
                    "binary": not others[place],
                }
            )
        return made

    def whole(self) -> dict[str, float] | None:
        """The same over all columns; None if nothing finite was seen."""
        read = self._read()
        if read is None or not sum(read[0][0]):
            return None
        (counts, sums, squares, _, _), lows, highs = read
        n = sum(counts)
        return {
            "mean": sum(sums) / n,
            "root_mean_square": (sum(squares) / n) ** 0.5,
            "minimum": min(lows),
            "maximum": max(highs),
        }
