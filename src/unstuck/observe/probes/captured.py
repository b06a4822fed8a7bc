"""Fill the capture from the events of the first steps; its family says how much there is."""

from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from unstuck.observe.capture import Capture, ForwardCall, LossRecord
from unstuck.observe.session import LossCallEvent, Missing, Root, Session
from unstuck.records.captured import Captured as Family


class Captured:
    """Steps are captured without a gap from the first; a gap would make a replay another run."""

    family = "captured"
    session: Session

    def __init__(self) -> None:
        self.capture = Capture()
        self._optimizers: set[int] = set()

    def forward(self, root: Root, module: nn.Module, arguments: Any, grad: bool) -> None:
        """The inputs, before the model can change them."""
        if not self._watching():
            return
        if grad and root.name not in self.capture.models:
            self.capture.start_model(root.name, module)
        if grad or self.capture.models:
            self.capture.forward(ForwardCall(root.name, arguments, {}, module.training, grad))

    def forwarded(
        self,
        root: Root,
        module: nn.Module,
        arguments: Any,
        keywords: dict[str, Any],
        output: Any,
        grad: bool,
    ) -> None:
        """What was given by keyword."""
        if keywords and self._watching():
            self.capture.keywords(root.name, keywords)

    def loss_called(self, event: LossCallEvent) -> None:
        """The target, and the value that a replay must give again."""
        if self._watching() and event.training:
            value = event.result if event.result.numel() == 1 else event.result.mean()
            if value.device.type == "cpu":
                self.capture.loss(
                    LossRecord(event.function, event.target, event.options, value.item())
                )

    def backward(self, tensors: list[Tensor], adds: bool) -> None:
        """Where gradients are added."""
        if self._watching() and adds:
            self.capture.mark("backward")

    def updating(self, optimizer: Optimizer) -> None:
        """The state before the first update."""
        if self._watching() and id(optimizer) not in self._optimizers:
            self._optimizers.add(id(optimizer))
            self.capture.start_optimizer(optimizer)

    def updated(self, optimizer: Optimizer) -> None:
        """Where parameters change."""
        if self._watching():
            self.capture.mark("update")

    def step_ended(self, step: int) -> None:
        """The next step's events come next; a step that was not watched ends the capture."""
        self.capture.end_step()
        if self.capture.open and not self.session.attentive:
            self.capture.refused = (
                f"step {step + 1} was not watched, to keep the cost of watching low"
            )

    def _watching(self) -> bool:
        return self.capture.open

    def facts(self) -> Family | Missing:
        """How many steps can be replayed."""
        steps = sum("update" in step.events for step in self.capture.steps)
        if not steps:
            return Missing(self.capture.refused or "no training step was captured")
        return {
            "steps": steps,
            "models": sorted(self.capture.models),
            "ended": self.capture.refused,
        }
