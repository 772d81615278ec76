"""Rectified flow with clean-image prediction: the training loss and the sampler.

Time runs from 0 (noise) to 1 (clean); `noisy = time * clean + (1 - time) * noise`. The loss is the velocity loss
computed from the predicted clean image (JiT, arXiv:2511.13720). The sampler is DPM-Solver++(2M)
(arXiv:2211.01095) with classifier-free guidance. Shapes: B batch, C channels, H height, W width.
"""

from collections.abc import Callable

import torch
from torch import Tensor

LEAST_NOISE = 0.05
SHIFT = 4.0  # of the time grid; found in docs/log.md


def sample_times(batch: int, mean: float, spread: float = 1.0) -> Tensor:
    """Logit-normal times float32 `[B]` (Esser et al. 2024, arXiv:2403.03206)."""
    return torch.sigmoid(mean + spread * torch.randn(batch))


def add_noise(clean_BCHW: Tensor, time_B: Tensor, noise_BCHW: Tensor) -> Tensor:
    """The point on the straight way from noise to clean image."""
    time = time_B[:, None, None, None]
    return time * clean_BCHW + (1 - time) * noise_BCHW


def velocity_errors(made_BCHW: Tensor, clean_BCHW: Tensor, time_B: Tensor) -> Tensor:
    """Mean squared velocity error of each predicted clean image, `[B]`."""
    still_noise = (1 - time_B).clamp(min=LEAST_NOISE)[:, None, None, None]
    return ((made_BCHW - clean_BCHW) / still_noise).square().mean(dim=(1, 2, 3))


def time_grid(steps: int, shift: float = SHIFT) -> Tensor:
    """`steps + 1` times from 0 to 1; a `shift` above 1 spends more steps near the noise."""
    line = torch.linspace(0, 1, steps + 1)
    return line / (shift + (1 - shift) * line)


def draw(predict: Callable[[Tensor, float], Tensor], noise_BCHW: Tensor, steps: int, shift: float = SHIFT) -> Tensor:
    """Follow the flow from noise to a clean image.

    Args:
        predict: (noisy `[B, C, H, W]`, time) to the guided clean-image estimate.
        noise_BCHW: standard normal noise.
        steps: number of calls of `predict`.
        shift: see `time_grid`.
    """
    times = time_grid(steps, shift).tolist()
    x, before, log_snr_before = noise_BCHW, None, 0.0
    for index, (time, after) in enumerate(zip(times, times[1:], strict=False)):
        clean = predict(x, time)
        if after >= 1.0:
            return clean
        ratio_now, ratio_next = time / (1 - time), after / (1 - after)
        log_snr_next = torch.tensor(ratio_next).log().item()
        if index == 0:
            target, log_snr_now = clean, float("-inf")
        else:
            log_snr_now = torch.tensor(ratio_now).log().item()
            target = clean
            if before is not None and log_snr_before > float("-inf"):
                weight = (log_snr_next - log_snr_now) / (2 * (log_snr_now - log_snr_before))
                target = (1 + weight) * clean - weight * before
        kept = (1 - after) / (1 - time)
        x = kept * x + (after - kept * time) * target
        before, log_snr_before = clean, log_snr_now
    return x
