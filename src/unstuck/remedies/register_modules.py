"""The remedy of the same name."""

from unstuck.remedies._registry import Remedy

register_modules = Remedy(
    advice=(
        "Keep modules in a ModuleList (or ModuleDict): torch does not see those in a plain list, "
        "so parameters(), to() and state_dict() leave them out."
    ),
    code="""self.blocks = torch.nn.ModuleList([torch.nn.Linear(32, 32) for _ in range(4)])""",
)
