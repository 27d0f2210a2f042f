"""Linear layers whose weights are laid out once for oneDNN, for serving on CPUs in bfloat16.

An ordinary layer lays its weights out anew at every call, which for few tokens costs a third of the product. The
operators are those that PyTorch's own compiler uses; where a build lacks them, layers stay as they are. Knows layers
only; not which network they are in.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class PackedLinear(nn.Module):
    """A frozen linear layer; with `gelu`, the tanh approximation of GELU behind it."""

    def __init__(self, linear: nn.Linear, gelu: bool = False) -> None:
        super().__init__()
        self.in_features, self.out_features, self.gelu = linear.in_features, linear.out_features, gelu
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())
        self.bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        after = ("gelu", [], "tanh") if self.gelu else ("none", [], "")
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, *after)


def pack_linears(module: nn.Module) -> int:
    """Replace the linear layers of a frozen module, in place; returns how many.

    None if the module is not in bfloat16 on a CPU, this build of torch has no such operators, or they refuse an old
    processor.
    """
    weights = next(module.parameters())
    ops = torch.ops.mkldnn
    able = hasattr(ops, "_reorder_linear_weight") and hasattr(ops, "_linear_pointwise")
    if not able or weights.dtype != torch.bfloat16 or weights.device.type != "cpu":
        return 0
    with torch.no_grad():
        try:
            ops._reorder_linear_weight(weights.new_zeros(8, 8))
        except RuntimeError:
            return 0
        return _pack(module)


def _pack(module: nn.Module) -> int:
    packed = 0
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            following = getattr(module, str(int(name) + 1), None) if name.isdigit() else None
            gelu = (
                isinstance(module, nn.Sequential) and isinstance(following, nn.GELU) and following.approximate == "tanh"
            )
            setattr(module, name, PackedLinear(child, gelu))
            if gelu:
                setattr(module, str(int(name) + 1), nn.Identity())
            packed += 1
        else:
            packed += _pack(child)
    return packed
