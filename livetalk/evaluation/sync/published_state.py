"""Published weights put into a network of ours: every name and shape is checked, and what does not fit is named.

Knows networks and tensors by name; neither files nor which network it is.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

COUNTS = "num_batches_tracked"  # of batch norms: older files lack them, and nothing here reads them


def fill(network: nn.Module, state: Mapping[str, Tensor], path: Path, called: str) -> None:
    """Copy tensors by name. path, called: the file and what it should be, for what is told of it.

    Raises ValueError that names the first tensor that is missing, misshapen, or too much.
    """
    own = network.state_dict()
    wanted = {name for name in own if not name.endswith(COUNTS)}
    for name in sorted(wanted):
        if name not in state:
            raise ValueError(f"{path} is not {called}: it lacks {name}")
        if state[name].shape != own[name].shape:
            shapes = f"{list(state[name].shape)} where {list(own[name].shape)} belongs"
            raise ValueError(f"{path} is not {called}: {name} has the shape {shapes}")
    for name in sorted(set(state) - set(own)):
        raise ValueError(f"{path} is not {called}: it also holds {name}")
    network.load_state_dict({name: state[name] for name in wanted}, strict=False)
