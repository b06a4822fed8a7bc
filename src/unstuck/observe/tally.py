"""Sums over targets, added up on their device and read once."""

import math
from typing import Any

import torch
from torch import Tensor

CLASSES, VALUES = 1000, 64
_ENTRIES, _WINDOWS, _WINDOW = 2**18, 1024, 32
_NUMBERED = ("cross_entropy", "nll_loss", "multi_margin_loss")


class Tally:
    """Targets of one line: moments, classes, kinds of rows, and their order over the steps."""

    def __init__(self, function: str) -> None:
        self._numbered = function in _NUMBERED
        self._moments: Tensor | None = None
        self._low: Tensor | None = None
        self._high: Tensor | None = None
        self._rows: Tensor | None = None
        self._order = _Order()
        self._broken: list[tuple[int, Tensor]] = []
        self._classes = 0
        self._first: Tensor | None = None
        self._integer = False

    def add(self, step: int, prediction: Tensor, target: Tensor, ignored: int) -> None:
        """Take note of one call."""
        if not target.numel() or target.is_complex():
            return
        if self._first is None and prediction.is_floating_point():
            self._first = prediction.float().square().mean().sqrt()
        self._integer = not target.is_floating_point()
        if self._integer and self._numbered:
            self._add_classes(step, prediction, target, ignored)
        else:
            self._add_numbers(step, target)

    def _add_classes(self, step: int, prediction: Tensor, target: Tensor, ignored: int) -> None:
        classes = prediction.shape[1 if prediction.dim() > 1 else 0]
        if classes > CLASSES or self._classes not in (0, classes):
            return
        self._classes = classes
        flat = target.reshape(-1)[:_ENTRIES]
        known = (flat != ignored) & (flat >= 0) & (flat < classes)
        counts = _counted(torch.where(known, flat, classes), classes + 1)[:classes]
        # Neighbouring pixels are alike by nature: only one label a sample has an order.
        self._order.add(step, counts, len(flat), dense=target.dim() > 1)

    def _add_numbers(self, step: int, target: Tensor) -> None:
        table = target.reshape(len(target), -1) if target.dim() > 1 else target.reshape(-1, 1)
        table = table[: max(1, _ENTRIES // table.shape[1])].double()
        finite = torch.isfinite(table)
        if len(self._broken) < 512:
            self._broken.append((step, (~finite).sum()))
        clean = torch.where(finite, table, 0.0)
        whole = clean == clean.round()
        parts = (
            finite,
            clean,
            clean**2,
            clean < -1.001,
            clean < -0.001,
            clean > 1.001,
            whole & (clean >= 0) & (clean < VALUES),
            (clean == 0) | (clean == 1),
        )
        moments = torch.stack([part.double().sum() for part in parts])
        low, high = clean.min(), clean.max()
        if self._moments is None or self._low is None or self._high is None:
            self._moments, self._low, self._high = moments, low, high
        else:
            self._moments = self._moments + moments
            self._low, self._high = torch.minimum(self._low, low), torch.maximum(self._high, high)
        self._add_rows(step, clean)

    def _add_rows(self, step: int, table: Tensor) -> None:
        width = table.shape[1]
        if width == 1:
            column = table[:, 0]
            values = column.round().clamp(0, VALUES - 1).long()
            self._order.add(step, _counted(values, VALUES), len(column), column=column)
            return
        if width > CLASSES or self._classes not in (0, width):
            return
        self._classes = width
        positive = (table > 0).sum(1)
        total, largest = table.sum(1), table.amax(1)
        one = (positive == 1) & ((total - 1).abs() < 1e-4)
        even = (largest * positive - total).abs() < 1e-4 * (1 + total.abs())
        sums = (total - 1).abs() < 1e-3
        rows = (
            torch.ones_like(total),
            one,
            positive > 1,
            sums & even & (positive > 1),
            sums & (table.amin(1) >= 0),
            sums & even & (positive > 1) & (positive < width),
        )
        found = torch.stack([each.double().sum() for each in rows])
        self._rows = found if self._rows is None else self._rows + found
        self._order.add(step, (table > 0.5).double().sum(0), len(table), dense=width > 64)

    def read(self) -> dict[str, Any] | None:
        """The sums as plain numbers; None if nothing was added."""
        if self._moments is None and not self._classes:
            return None
        sums = self._moments.tolist() if self._moments is not None else [0.0] * 8
        n = max(1.0, sums[0])
        mean = sums[1] / n
        rows = self._rows.tolist() if self._rows is not None else [0.0] * 6
        kind = self._kind(sums, rows)
        counts = self._order.counts()
        if kind == "binary" and len(counts) == VALUES:
            counts = counts[:2]
        broken = [(step, int(count)) for step, count in self._broken if int(count)]
        return {
            "kind": kind,
            "counts": _trimmed(counts, kind) if kind not in ("soft", "numbers") else [],
            "rows": int(rows[0]),
            "several": int(rows[2]),
            "entries": int(n) if self._moments is not None else sum(counts),
            "mean": mean,
            "std": max(0.0, sums[2] / n - mean**2) ** 0.5,
            "minimum": float(self._low) if self._low is not None else 0.0,
            "maximum": float(self._high) if self._high is not None else 0.0,
            "below_minus_one": sums[3] / n,
            "below_zero": sums[4] / n,
            "above_one": sums[5] / n,
            **self._order.read(numbers=kind in ("numbers", "soft")),
            "first_prediction": float(self._first) if self._first is not None else 0.0,
            "nonfinite": sum(count for _, count in broken),
            "nonfinite_step": broken[0][0] if broken else None,
        }

    def _kind(self, sums: list[float], rows: list[float]) -> str:
        if self._moments is None:
            return "classes"
        n, whole, binary = sums[0], sums[6], sums[7]
        if rows[0] and rows[1] == rows[0]:
            return "one-hot"
        if binary == n and n:
            return "multi-hot" if rows[0] else "binary"
        if rows[0] and rows[4] == rows[0]:
            return "shared" if rows[5] and rows[1] + rows[3] == rows[0] else "soft"
        return "whole" if whole == n and n and not rows[0] else "numbers"


class _Order:
    """Class counts of groups of consecutive samples, and how a number moves over them."""

    def __init__(self) -> None:
        self._groups: list[tuple[int, Tensor, int, Tensor | None]] = []
        self._total: Tensor | None = None
        self._dense = False

    def add(
        self,
        step: int,
        counts: Tensor,
        samples: int,
        *,
        column: Tensor | None = None,
        dense: bool = False,
    ) -> None:
        self._dense = self._dense or dense
        self._total = counts if self._total is None else self._total + counts
        if len(self._groups) >= _WINDOWS:
            return
        moments = None
        if column is not None:
            steps = (column[1:] >= column[:-1]).double().sum()
            same = (column[1:] == column[:-1]).double().sum()
            moments = torch.stack([column.sum(), column.square().sum(), steps, same])
        self._groups.append((step, counts, samples, moments))

    def counts(self) -> list[int]:
        return [int(count) for count in self._total.tolist()] if self._total is not None else []

    def read(self, *, numbers: bool) -> dict[str, Any]:
        windows = self._windows()
        known = len(windows) > 1 and not self._dense
        return {
            "windows": len(windows),
            "separation": separation([w[0] for w in windows]) if known and not numbers else None,
            "between": between([(w[1], w[2]) for w in windows]) if known else None,
            "ascending": self._ascending() if known and numbers else None,
        }

    def _windows(self) -> list[tuple[list[float], int, list[float]]]:
        """Calls of one step belong together, and as many steps as it takes to have 32 samples."""
        windows: list[tuple[list[float], int, list[float]]] = []
        counts: list[float] = []
        samples, sums, at = 0, [0.0, 0.0], -1
        for step, found, size, moments in self._groups:
            if samples >= _WINDOW and step != at:
                windows.append((counts, samples, sums))
                counts, samples, sums = [], 0, [0.0, 0.0]
            row = found.tolist()
            counts = [a + b for a, b in zip(counts, row, strict=True)] if counts else row
            samples, at = samples + size, step
            if moments is not None:
                sums = [a + b for a, b in zip(sums, moments[:2].tolist(), strict=True)]
        if samples >= _WINDOW:
            windows.append((counts, samples, sums))
        return windows

    def _ascending(self) -> float | None:
        """The share of neighbours within a batch that are in one order, rising or falling."""
        pairs = rising = level = 0.0
        for _, _, size, moments in self._groups:
            if moments is not None and size > 1:
                pairs += size - 1
                rising += float(moments[2])
                level += float(moments[3])
        if not pairs:
            return None
        return max(rising, pairs - rising + level) / pairs


def _counted(values: Tensor, classes: int) -> Tensor:
    """As ``bincount``, which would make a GPU wait."""
    counts = torch.zeros(classes, dtype=torch.float64, device=values.device)
    return counts.index_add_(0, values, torch.ones_like(values, dtype=torch.float64))


def _trimmed(counts: list[int], kind: str) -> list[int]:
    """Without the empty places at the end of a count of values."""
    if kind != "whole":
        return counts
    last = max((place for place, count in enumerate(counts) if count), default=-1)
    return counts[: last + 1]


def separation(windows: list[list[float]]) -> float | None:
    """1 - (mean entropy of the windows / entropy of all), less what chance gives small windows.

    The plug-in entropy of n draws is too small by (K - 1) / 2n (Miller and Madow 1955).
    """
    total = [sum(column) for column in zip(*windows, strict=True)]
    whole = _entropy(total)
    if whole <= 1e-9:
        return None
    inside = sum(min(whole, _entropy(each)) * sum(each) for each in windows) / sum(total)
    return float(max(0.0, min(1.0, 1 - inside / whole)))


def _entropy(counts: list[float]) -> float:
    n = sum(counts)
    if n <= 0:
        return 0.0
    plain: float = -sum(c / n * math.log(c / n) for c in counts if c > 0)
    return plain + (sum(c > 0 for c in counts) - 1) / (2 * n)


def between(windows: list[tuple[int, list[float]]]) -> float | None:
    """The share of the variance that lies between the windows' means."""
    n = sum(size for size, _ in windows)
    mean = sum(sums[0] for _, sums in windows) / n
    whole = sum(sums[1] for _, sums in windows) / n - mean**2
    if not math.isfinite(whole) or whole <= 1e-12 * (1 + mean**2):
        return None
    part = sum(size * (sums[0] / size - mean) ** 2 for size, sums in windows) / n
    return float(max(0.0, min(1.0, part / whole)))
