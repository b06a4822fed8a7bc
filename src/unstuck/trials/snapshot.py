"""A companion of the probes: it holds the run at its first training forward, and is each replay."""

import atexit
import functools
import gc
import os
import random
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, RandomSampler
from torch.utils.data.dataloader import _BaseDataLoaderIter

from unstuck.observe import guard
from unstuck.observe.generators import RandomStates
from unstuck.observe.session import Missing, Root, Session
from unstuck.records import Run
from unstuck.records.finding import Place
from unstuck.records.trials import Trials
from unstuck.trials import branch
from unstuck.trials.changes import all_changes
from unstuck.trials.kept import seed_everything
from unstuck.trials.loading import SentIndices
from unstuck.trials.measurements import all_measurements
from unstuck.trials.proving import Say, Unproven, Wish, prove, silent
from unstuck.trials.rate_search import LearningRateSearch
from unstuck.trials.recorder import Given, Recorder, sender
from unstuck.trials.replay import NotApplicable, Replay
from unstuck.trials.replays import Source
from unstuck.trials.run_search import search_run

# A script may call its model with gradients before it trains it, to print a shape.
_TAKEN_AT_MOST = 4
# What a change draws by the seed itself must be something else.
_OTHER = 1000
MEMORY_SHARE = 0.5
"""Of the free memory, what the process may have: what either side changes after a fork is copied."""
STATE_SHARE, STATE_LIMIT = 0.1, 2 * 2**30


class Snapshot:
    """Holds the run; ``refused`` is the reason why there is no branch. ``trials`` is what came of it.

    With an ``order`` nothing is held: this process, in which the script was started again, is a replay.
    """

    family = "trials"
    session: Session

    def __init__(self, order: branch.Order | None = None) -> None:
        self._order = order
        self.branch: branch.Branch | None = None
        self.refused: str | None = "no model was called to be trained"
        self.trials: Trials | None = None
        self.recorder: Recorder | None = None
        self.given = Given()
        self._taken = 0
        self._done = False
        self._optimizers: list[weakref.ref[Optimizer]] = []
        self._loaders: list[weakref.ref[DataLoader[Any]]] = []
        self._indices = SentIndices()
        self._indices.attach()

    # What the session tells.

    def optimizer_built(self, optimizer: Optimizer, place: Place | None) -> None:
        """An optimizer that a change may need."""
        self._optimizers.append(weakref.ref(optimizer))

    def loader_started(self, loader: "DataLoader[Any]") -> None:
        """A loader that a change may need."""
        if all(known() is not loader for known in self._loaders):
            self._loaders.append(weakref.ref(loader))

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """Hold the run before its first training forward; a forward that trained nothing was none."""
        if not grad or self._done:
            return
        if self.session.backwards or self.session.updates or self._taken >= _TAKEN_AT_MOST:
            self._no_more()
            return
        self.end()
        size = sum(p.numel() * p.element_size() for p in module.parameters())
        self._take(size, arguments)

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """The training has begun: this snapshot is the one. Without a module it is taken only here."""
        self.given.receive(self.session, self.session.step, tensors, adds)
        if not self._done and not self._taken and not self.session.roots:
            self._take(0, ())
        if not self._done:
            self._no_more()

    def light_loss(self, step: int, value: Tensor, tensor: Tensor) -> None:
        """A backward pass of a step that passes lightly."""
        self.given.receive(self.session, step, [tensor], True)

    def _take(self, size: int, arguments: Any) -> None:
        """Hold the run here; ``size`` is that of the model in bytes."""
        if self._order is not None:
            self._begin(self._order, arguments, RandomStates.now())
            return
        self.refused = self._unable(size)
        if self.refused is None:
            self._taken += 1
            states = RandomStates.now()
            grown = branch.grow()
            if isinstance(grown, branch.Order):
                self._begin(grown, arguments, states)
            else:
                self.branch = grown

    def _no_more(self) -> None:
        self._done = True
        self._indices.detach()

    def _unable(self, size: int) -> str | None:
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            return "a process that uses a GPU cannot be held; --rerun runs the script again"
        allowed = min(STATE_LIMIT, int(STATE_SHARE * free_memory()))
        if size > allowed:
            return f"the model has {size / 2**20:.0f} MiB, {allowed / 2**20:.0f} are allowed"
        own, free = anonymous_memory(), free_memory()
        if own > MEMORY_SHARE * free:  # in time much of it may be there twice
            return f"the process has {own / 2**30:.1f} GiB, and only {free / 2**30:.1f} are free"
        return self._indices.unfit() or branch.unable()

    # What the recorder of the run asks.

    def facts(self) -> Trials | Missing:
        """The trials, or why there are none."""
        return self.trials or Missing(self.refused or "not replayed")

    def prove(self, run: Run, wish: Wish, say: Say = silent, again: Source | None = None) -> None:
        """Make the trials of the run, which is over, and let the waiting process go.

        Args:
            run: the run, diagnosed.
            wish: what may be spent.
            say: is told of the progress.
            again: where replays come from if the run is not held.
        """
        source = self.branch or again
        try:
            if source is not None:
                self.trials = prove(source, run, self.given.values, wish, say)
        except Unproven as reason:
            self.refused = str(reason)
        finally:
            self._end_all(again)

    def search(
        self, run: Run, wish: Wish, say: Say, again: Source | None, *, thorough: bool
    ) -> LearningRateSearch:
        """Search a learning rate for the run, which is over, and let the waiting process go.

        Raises:
            Unproven: the run cannot be replayed, or not in time.
        """
        source = self.branch or again
        if source is None:
            raise Unproven(self.refused or "the run is not held")
        try:
            return search_run(source, run, self.given.values, wish, thorough=thorough, say=say)
        finally:
            self._end_all(again)

    def _end_all(self, again: Source | None) -> None:
        self.end()
        if again is not None:
            again.end()

    def end(self) -> None:
        """Let the waiting process go."""
        if self.branch is not None:
            self.branch.end()
            self.branch = None

    # In the process of a replay.

    def _begin(self, order: branch.Order, arguments: Any, states: RandomStates) -> None:
        """From here on this is a replay, or nothing: the script must not go on as if it were the run."""
        fence, send = guard.Guard(), sender(order.results)
        # Our own work is hidden from the modes with which changes look into a model.
        with torch._C._EnableTorchFunction():
            fence.run("replay", self._become, order.words, send, arguments, states)
        if fence.losses:
            send({"end": None, "lost": fence.losses})
            os._exit(1)

    def _become(
        self, words: dict[str, Any], send: Any, arguments: Any, states: RandomStates
    ) -> None:
        """Make the change and let the script go on."""
        send({"pid": os.getpid()})
        self._done = True
        states.restore()
        if words.get("threads"):
            torch.set_num_threads(words["threads"])
        self._indices.take_over()
        replay = self._replay(words, arguments)
        recorder = Recorder(replay, send, words["steps"])
        recorder.keep_back = words["keep_back"]
        session = self.session
        session.guard.losses.clear()
        session.listen_only([recorder, recorder.losses])
        session.replayed, session.on_step = recorder, recorder.stepped
        atexit.register(recorder.script_over)
        self.recorder = recorder
        if words["seed"]:
            vary(replay, words["seed"] + _OTHER)
        self._change(replay, words["changes"], send)

    def _change(self, replay: Replay, names: list[str], send: Any) -> None:
        """Make the changes, or begin to measure, and say them; what cannot be made ends the replay."""
        said: list[str] = []
        fence = guard.Guard()
        known: dict[str, Callable[[Replay], str | None]] = {**all_changes(), **all_measurements()}
        try:
            for name in names:
                act = functools.partial(known[name], replay)
                said.append(guard.pass_through(fence, name, act, NotApplicable) or "")
            unfit = next(iter(fence.losses.values()), None)
        except NotApplicable as nothing:
            unfit = str(nothing)
        if unfit is None:
            send({"change": " and ".join(word for word in said if word)})
            return
        send({"unfit": unfit})
        os._exit(0)

    def _replay(self, words: dict[str, Any], arguments: Any) -> Replay:
        models = [root.module for root in self.session.roots]
        optimizers = [known() for known in self._optimizers]
        loaders = [known() for known in self._loaders]
        return Replay(
            [model for model in models if model is not None],
            [optimizer for optimizer in optimizers if optimizer is not None],
            loaders=[loader for loader in loaders if loader is not None],
            arguments=arguments,
            seed=words["seed"],
            measured_rate=words.get("rate"),
            state_loaded=self.session.state_loaded,
            steps=words["steps"],
        )


def vary(replay: Replay, seed: int) -> None:
    """Another run of the same training: other random numbers, order and, if they are random, weights."""
    seed_everything(seed)
    for model in [] if replay.state_loaded else replay.models:
        for module in model.modules():
            _redraw(module)
    for iterator in gc.get_objects():
        # Not isinstance, which asks objects of others for their class.
        if issubclass(type(iterator), _BaseDataLoaderIter) and _is_shuffled(iterator):
            _reorder(iterator, random.Random(seed))


def _redraw(module: nn.Module) -> None:
    """Draw the weights anew, if they look like those that the module draws for itself."""
    own = dict(module.named_parameters(recurse=False))
    if not own or not callable(getattr(module, "reset_parameters", None)):
        return
    before = {name: parameter.detach().clone() for name, parameter in own.items()}
    module.reset_parameters()  # type: ignore[operator]
    for name, parameter in own.items():
        if not _looks_drawn(before[name], parameter.detach()):
            break
    else:
        return
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(before[name])


def _looks_drawn(before: Tensor, drawn: Tensor) -> bool:
    """Whether values could come from where the others were drawn; of few only the size can be told."""
    if before.numel() < 16:
        return float(before.abs().max()) <= 4 * float(drawn.abs().max())
    return 0.8 < float(before.std() / drawn.std().clamp_min(1e-12)) < 1.25


def _is_shuffled(iterator: Any) -> bool:
    return isinstance(getattr(iterator._index_sampler, "sampler", None), RandomSampler)


def _reorder(iterator: Any, generator: random.Random) -> None:
    """Mix the samples that are still to come in this epoch."""
    ahead = getattr(iterator, "_ahead", None)
    batches = [*(ahead or ()), *(iterator._sampler_iter or ())]
    samples = [index for batch in batches for index in batch]
    generator.shuffle(samples)
    mixed = iter(samples)
    batches = [[next(mixed) for _ in batch] for batch in batches]
    if ahead is not None:
        ahead.clear()
        ahead.extend(batches[: iterator._prefetch_factor * iterator._num_workers])
        batches = batches[len(ahead) :]
    iterator._sampler_iter = iter(batches)


def free_memory() -> int:
    """Bytes of memory that are free for use; 8 GiB where the system does not tell."""
    return _kilobytes("/proc/meminfo", "MemAvailable", 8 * 2**20) * 1024


def anonymous_memory() -> int:
    """Bytes of this process that are no file's; 0 where the system does not tell."""
    return _kilobytes("/proc/self/status", "RssAnon", 0) * 1024


def _kilobytes(file: str, name: str, otherwise: int) -> int:
    try:
        with open(file) as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(name))
    except (OSError, StopIteration, ValueError):
        return otherwise
