"""Train a good model from data, and say why each choice was made: ``unstuck.fit(X, y)``."""

import sys
from types import ModuleType
from typing import Any


class _Fit(ModuleType):
    """The package is the function of its name: ``unstuck.fit`` cannot be both otherwise."""

    def __call__(self, data: Any, y: Any = None, **wishes: Any) -> Any:
        """See :func:`unstuck.fit.estimator.fit`."""
        from unstuck.fit.estimator import fit

        return fit(data, y, **wishes)


sys.modules[__name__].__class__ = _Fit
