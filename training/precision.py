"""What training multiplies in: bfloat16 where the processor does, float32 where it would only imitate it.

Imitated, a product of the drawing network takes 8 to 20 times as long as in float32 (docs/log.md).
"""

import torch

_ABLE = torch.cpu.get_capabilities()
MULTIPLIED = (
    torch.bfloat16
    if any(_ABLE.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    else torch.float32
)


def mixed_precision() -> torch.autocast:
    """A context in which products are in `MULTIPLIED`; what needs more stays in float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=MULTIPLIED is torch.bfloat16)
