"""A traceback through a model's forward is the one of plain python, torch's frames included."""

_RAISES = """
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 2)

        def forward(self, x):
            return self.layer(x)

    net = Net()
    {extra}
    net(torch.zeros(1, 4))
    net(torch.zeros(1, 5))
"""


def _traceback(text):
    return text[text.index("Traceback") :].partition("RuntimeError: mat1")[0]


def test_error_in_forward(place):
    place.write("train.py", _RAISES.format(extra=""))
    plain = place.python("train.py")
    watched = place.unstuck("run", "train.py")
    assert plain.returncode == watched.returncode == 1
    assert "inner" not in _traceback(plain.stderr)
    assert _traceback(watched.stderr) == _traceback(plain.stderr)


def test_error_in_forward_of_a_module_with_hooks_of_its_own(place):
    extra = "net.register_forward_hook(lambda module, given, output: None)"
    place.write("train.py", _RAISES.format(extra=extra))
    plain = place.python("train.py")
    watched = place.unstuck("run", "train.py")
    assert "inner" in _traceback(plain.stderr)
    # With hooks of both, torch's own line differs; no frame is missing or ours.
    names = [line for line in _traceback(plain.stderr).splitlines() if line.startswith("  File")]
    seen = [line for line in _traceback(watched.stderr).splitlines() if line.startswith("  File")]
    assert [line.rpartition(" in ")[2] for line in seen] == [
        line.rpartition(" in ")[2] for line in names
    ]
