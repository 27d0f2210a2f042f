"""Native number formats: whether a device multiplies bfloat16, and the type a model is to run in."""

import os

import torch

NATIVE_BF16 = ("ALL", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX10_1_512")  # oneDNN's names


def native_bf16(device: torch.device | str = "cpu") -> bool:
    """True if `device` multiplies bfloat16 in hardware (elsewhere it is emulated and slower than float32)."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def best_dtype(device: torch.device | str = "cpu") -> torch.dtype:
    """bfloat16 where it is multiplied natively, else float32.

    oneDNN may be held to older instructions than the processor has; then it is as if there were no others.
    """
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper()
    used = torch.device(device).type == "cuda" or "AMX" in held or held in NATIVE_BF16
    return torch.bfloat16 if used and native_bf16(device) else torch.float32
