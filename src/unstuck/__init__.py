"""Why does this network not learn, and what makes it learn?

``unstuck check train.py`` runs a PyTorch training script unchanged, watches its first steps and
says what is wrong with the training and at which line. In a notebook::

    with unstuck.watch(model, optimizer) as run:
        ...  # the training loop
    run

``unstuck.find_learning_rate(model, optimizer, loss_fn, loader)`` measures which rate to train with,
``unstuck.fit(X, y)`` trains a good model and says why it was made so, ``unstuck.load(folder)`` reads it
again, and ``unstuck.explain("q03").prove()`` runs the experiment behind one of the 22 questions.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "explain", "find_learning_rate", "fit", "load", "watch"]

if TYPE_CHECKING:
    from unstuck import fit
    from unstuck.fit.estimator import load
    from unstuck.notebook import watch
    from unstuck.questions import explain
    from unstuck.trials.learning_rate import find_learning_rate


def __getattr__(name: str) -> Any:
    # Lazy, so that `import unstuck` needs no torch and stays fast.
    if name == "watch":
        from unstuck.notebook import watch

        return watch
    if name == "explain":
        from unstuck.questions import explain

        return explain
    if name == "find_learning_rate":
        from unstuck.trials.learning_rate import find_learning_rate

        return find_learning_rate
    if name == "fit":
        from importlib import import_module

        return import_module("unstuck.fit")
    if name == "load":
        from unstuck.fit.estimator import load

        return load
    raise AttributeError(f"module 'unstuck' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
