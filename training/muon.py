"""Muon: momentum whose update is made orthogonal (Jordan et al. 2024; Liu et al. 2025, arXiv:2502.16982).

`torch.optim.Muon` orthogonalises one matrix at a time; on a CPU, with a hundred small matrices, starting each product
costs more than the product. This one stacks matrices of equal shape and does them in one batched product.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from training.precision import MULTIPLIED

# Polynomial coefficients of the five Newton-Schulz steps (Keller Jordan's tuned quintic, the same at every step).
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrices_KRC: Tensor, steps: int = 5) -> Tensor:
    """Nearest orthogonal matrices, roughly (singular values within about 0.7 to 1.2), in `MULTIPLIED`.

    Args:
        matrices_KRC: float `[K, R, C]` stack with R <= C.
        steps: Newton-Schulz steps.
    """
    a, b, c = QUINTIC
    x = matrices_KRC / (matrices_KRC.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.to(MULTIPLIED)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


class Muon(torch.optim.Optimizer):
    """Muon for matrices, its step scaled to the root mean square of AdamW's so that one learning rate serves both."""

    def __init__(self, matrices: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(list(matrices), {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            stacks: dict[tuple[int, ...], list[nn.Parameter]] = defaultdict(list)
            for matrix in group["params"]:
                stacks[tuple(sorted(matrix.shape))].append(matrix)
            for shape, stack in stacks.items():
                updates = orthogonalise(torch.stack([self._momentum(m, group["momentum"]) for m in stack])).float()
                reach = -group["lr"] * 0.2 * max(shape) ** 0.5
                for matrix, update in zip(stack, updates.unbind(), strict=True):
                    matrix.add_(update if update.shape == matrix.shape else update.T, alpha=reach)

    def _momentum(self, matrix: nn.Parameter, momentum: float) -> Tensor:
        """Nesterov momentum of the gradient, lying down (rows no more than columns)."""
        state = self.state[matrix]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        assert matrix.grad is not None
        state["momentum"].lerp_(matrix.grad, 1 - momentum)
        update = matrix.grad.lerp(state["momentum"], momentum)
        return update if update.shape[0] <= update.shape[1] else update.T
