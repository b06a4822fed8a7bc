"""Small nets are trained here, on one core: on a busy machine threads wait for each other."""

import pytest
import torch

from unstuck.fit import choose


@pytest.fixture(scope="session", autouse=True)
def _one_core():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def alone():
    """A table is learned by one net: who tests several asks for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choose, "MEMBERS", dict.fromkeys(choose.MEMBERS, 1))
        yield
