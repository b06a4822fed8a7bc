# Digest of a finished training run
# =================================
#
# Every script in this folder trains a small model with fixed seeds, prints the loss of each step
# and, when it is given --out FILE, ends with
#
#     write_digest(out, models=[...], optimizers=[...], losses=[...], extra=...)
#
# which writes one JSON file. Two runs gave the same result exactly when their files are equal.
#
#   models      for each module, name -> digest of every parameter ("parameter NAME") and every
#               buffer ("buffer NAME"), tied parameters under each of their names. A list or a
#               dict of tensors may stand in for a module.
#   optimizers  for each optimizer, its state_dict() with tensors replaced by their digests.
#   losses      every loss as float.hex(), so that no digit is rounded away.
#   rng         digests of the random states of torch, numpy and random at the end of the run.
#   extra       anything else the run produced: nested dicts, lists, tuples, sets of strings,
#               tensors, arrays, bytes and plain values.
#
# A tensor is written as dtype, shape and the sha256 of its bytes; floats are written with
# float.hex(). A value of any other type is refused, because its repr could hold an address.
# The random states are read before anything else, and nothing here draws a random number.
#
# Common options of the scripts: --workers N (worker processes of the DataLoader, default 0; no
# effect in scripts without a loader) and --out FILE. Without --out nothing is written. The
# result may depend on N; for one N it is the same in every run on one machine.

import hashlib
import json
import pickle
import random

import numpy as np
import torch


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def _tensor(tensor):
    plain = tensor.detach().as_subclass(torch.Tensor).cpu().contiguous()
    data = plain.reshape(-1).view(torch.uint8).numpy().tobytes()
    shape = "x".join(str(size) for size in plain.shape)
    return f"{str(plain.dtype).removeprefix('torch.')}[{shape}] {_sha256(data)}"


def _value(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        return float(value).hex()
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, complex):
        return [value.real.hex(), value.imag.hex()]
    if isinstance(value, torch.Tensor):
        return _tensor(value)
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value).tobytes()
        return f"{value.dtype}{list(value.shape)} {_sha256(data)}"
    if isinstance(value, (bytes, bytearray)):
        return f"bytes[{len(value)}] {_sha256(value)}"
    if isinstance(value, dict):
        return {str(key): _value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value)
    raise TypeError(f"no digest for a {type(value).__name__}")


def _model(model):
    if not isinstance(model, torch.nn.Module):
        return _value(model)
    tensors = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        tensors[f"parameter {name}"] = _tensor(parameter)
    for name, buffer in model.named_buffers(remove_duplicate=False):
        tensors[f"buffer {name}"] = _tensor(buffer)
    return tensors


def _rng():
    return {
        "torch": _sha256(torch.get_rng_state().numpy().tobytes()),
        "numpy": _sha256(pickle.dumps(np.random.get_state(), protocol=4)),
        "python": _sha256(repr(random.getstate()).encode()),
    }


def write_digest(out, models=(), optimizers=(), losses=(), extra=None):
    """Write the digest of a run as JSON to the file `out`; do nothing when `out` is None."""
    if out is None:
        return
    rng = _rng()
    digest = {
        "models": [_model(model) for model in models],
        "optimizers": [_value(optimizer.state_dict()) for optimizer in optimizers],
        "losses": [float(loss).hex() for loss in losses],
        "rng": rng,
        "extra": _value(extra),
    }
    with open(out, "w", encoding="utf-8") as file:
        json.dump(digest, file, indent=1)
        file.write("\n")
