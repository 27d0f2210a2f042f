"""Linear layers in 8-bit floating point (e4m3), for serving on GPUs that multiply it.

Weights are coded once with a scale an output channel, inputs at every call with a scale a row, so that no outlier of
one token costs another its precision. Coding the input only pays where a compiler fuses it with what comes before.
Knows layers only; not which network they are in, nor whether the error is acceptable.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

CODED, LARGEST = torch.float8_e4m3fn, 448.0  # e4m3, and the largest number it has
LEAST = 1e-12  # a scale is never 0
ALIGNED = 16  # the product wants both sizes to be multiples of it


def native_fp8(device: torch.device) -> bool:
    """True if `device` multiplies 8-bit floats: NVIDIA's from compute capability 8.9 on."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 9)


def to_fp8(x: Tensor, dtype: torch.dtype = CODED) -> Tensor:
    """`x` in `dtype`; where that has 8 bits, what is too large for it becomes the largest there is."""
    return x.clamp(-LARGEST, LARGEST).to(dtype) if dtype is CODED else x.to(dtype)


class Fp8Linear(nn.Module):
    """A frozen linear layer. emulated: the same numbers by an ordinary product, for tests; slower than bfloat16."""

    codes: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear, emulated: bool = False) -> None:
        super().__init__()
        self.in_features, self.out_features, self.emulated = linear.in_features, linear.out_features, emulated
        weight = linear.weight.detach().float()
        scale = (weight.abs().amax(1, keepdim=True) / LARGEST).clamp_min(LEAST)
        self.register_buffer("codes", (weight / scale).to(CODED))
        self.register_buffer("scale", scale.T.contiguous())
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach())

    def forward(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        rows = x.reshape(-1, self.in_features)
        scale = (rows.abs().amax(1, keepdim=True).float() / LARGEST).clamp_min(LEAST)
        codes = to_fp8(rows.float() / scale)
        if self.emulated:
            out = (codes.float() @ self.codes.float().T) * scale * self.scale
            out = (out if self.bias is None else out + self.bias).to(x.dtype)
        else:
            out = torch._scaled_mm(  # pyright: ignore[reportPrivateImportUsage]
                codes, self.codes.T, scale, self.scale, bias=self.bias, out_dtype=x.dtype, use_fast_accum=True
            )
        return out.view(*x.shape[:-1], self.out_features)


def quantise_linears_(module: nn.Module, emulated: bool = False) -> int:
    """Replace the linear layers of a frozen module, in place; returns how many. Odd sizes stay as they are."""
    replaced = 0
    for name, child in list(module.named_children()):
        if not isinstance(child, nn.Linear):
            replaced += quantise_linears_(child, emulated)
        elif not (child.in_features % ALIGNED or child.out_features % ALIGNED):
            setattr(module, name, Fp8Linear(child, emulated))
            replaced += 1
    return replaced
