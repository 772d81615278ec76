"""The referee's network: says how well a picture of our kind fits a text.

An image tower gives each picture a unit vector, a linear map gives each sentence vector of the
frozen text encoder a unit vector, and their product is the fit (CLIP, Radford et al. 2021,
arXiv:2103.00020). A second output says in which style the picture is drawn. It is trained apart
from the drawing network and never sees that network's pictures.
Shapes: B batch, C channels, H height, W width, E sentence width, V vector width, S styles.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from training.text import EMBEDDING_WIDTH

PICTURE_PX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RefereeShape:
    """Sizes of a `Referee`: a stem down to 16 x 16, then stages, each but the first halving it."""

    styles: int
    stem: int = 24
    widths: tuple[int, ...] = (64, 192)
    blocks: tuple[int, ...] = (1, 3)
    vector: int = 256

    def as_dict(self) -> dict[str, object]:
        """Plain fields, for JSON."""
        return asdict(self)


class Convolution(nn.Module):
    """A convolution, its weights kept as a matrix for Muon, and a normalisation."""

    def __init__(self, before: int, after: int, side: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = (after, before, side, side), stride
        self.matrix = nn.Parameter(torch.empty(after, before * side * side))
        nn.init.kaiming_normal_(self.matrix, nonlinearity="relu")
        self.norm = nn.BatchNorm2d(after)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """On a grid smaller by the stride."""
        weight = self.matrix.view(self.kernel).to(memory_format=torch.channels_last)
        return self.norm(F.conv2d(x_BCHW, weight, stride=self.stride, padding=self.kernel[2] // 2))


class ConvolutionBlock(nn.Module):
    """Two normalised 3 x 3 convolutions beside a shortcut (He et al. 2015, arXiv:1512.03385)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = Convolution(before, after, 3, stride)
        self.second = Convolution(after, after, 3, 1)
        nn.init.zeros_(self.second.norm.weight)
        self.pool = nn.AvgPool2d(2) if stride == 2 else nn.Identity()
        self.widen = Convolution(before, after, 1, 1) if before != after else nn.Identity()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Wider, and on a grid smaller by the stride."""
        made = self.second(F.relu(self.first(x_BCHW)))
        return F.relu(made + self.widen(self.pool(x_BCHW)))


class Referee(nn.Module):
    """Image tower, style head and the linear map of sentence vectors."""

    def __init__(self, shape: RefereeShape) -> None:
        super().__init__()
        self.shape = shape
        self.stem = nn.Sequential(
            Convolution(3, shape.stem, 5, 2),
            nn.ReLU(),
            Convolution(shape.stem, shape.widths[0], 3, 2),
            nn.ReLU(),
        )
        blocks: list[nn.Module] = []
        before = shape.widths[0]
        for stage, (width, count) in enumerate(zip(shape.widths, shape.blocks, strict=True)):
            for block in range(count):
                stride = 2 if block == 0 and stage > 0 else 1
                blocks.append(ConvolutionBlock(before, width, stride))
                before = width
        self.blocks = nn.Sequential(*blocks)
        self.to_vector = nn.Linear(2 * before, shape.vector)
        self.to_style = nn.Linear(2 * before, shape.styles)
        self.from_text = nn.Linear(EMBEDDING_WIDTH, shape.vector)
        self.log_scale = nn.Parameter(torch.tensor(3.0))

    def features(self, rgb_BCHW: Tensor) -> Tensor:
        """Mean and greatest value `[B, F]` of each channel, of RGB pictures, 0-1, 64 px."""
        grid = self.blocks(self.stem(rgb_BCHW * 2 - 1))
        return torch.cat([grid.mean(dim=(2, 3)), grid.amax(dim=(2, 3))], dim=1)

    def forward(self, rgb_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors `[B, V]` and style logits `[B, S]` of RGB pictures, 0-1, 64 px."""
        return self.judge(self.features(rgb_BCHW))

    def judge(self, features_BF: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors `[B, V]` and style logits `[B, S]` of features."""
        vectors = F.normalize(self.to_vector(features_BF).float(), dim=-1)
        return vectors, self.to_style(features_BF)

    @torch.no_grad()
    def spread_texts(self, sentences_NE: Tensor, power: float = 0.7) -> None:
        """Start the map of sentences so that it sets them apart: their components, nearly whitened.

        Without it the map soon sends all names to nearly one direction, and naming stands still.
        """
        centre = sentences_NE.mean(dim=0)
        covariance = (sentences_NE - centre).T @ (sentences_NE - centre) / len(sentences_NE)
        strengths, directions = torch.linalg.eigh(covariance)
        kept = slice(-self.shape.vector, None)
        scales = strengths[kept].clamp(min=1e-9) ** (-power / 2)
        self.from_text.weight.copy_(scales[:, None] * directions[:, kept].T)
        self.from_text.bias.copy_(-self.from_text.weight @ centre)

    def text_vectors(self, sentences_BE: Tensor) -> Tensor:
        """Unit vectors `[B, V]` of unit sentence vectors."""
        return F.normalize(self.from_text(sentences_BE).float(), dim=-1)

    @property
    def scale(self) -> Tensor:
        """What products of unit vectors are multiplied by before a softmax; at most 100."""
        return self.log_scale.clamp(max=4.6).exp()
