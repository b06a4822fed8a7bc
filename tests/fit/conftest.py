"""Small nets are trained here, on one core: on a busy machine threads wait for each other."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def _one_core():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
