"""nanoGPT's model in PyTorch: fused Q, K, V, scaled_dot_product_attention, pre-norm, GELU, tied output."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, heads: int, width: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, stream: Tensor) -> Tensor:
        batch, length, width = stream.shape
        parts = self.query_key_value(self.norm_1(stream)).split(width, dim=2)
        query, key, value = (one.view(batch, length, self.heads, -1).transpose(1, 2) for one in parts)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        stream = stream + self.mix(mixed.transpose(1, 2).contiguous().view(batch, length, width))
        return stream + self.narrow(functional.gelu(self.widen(self.norm_2(stream))))


class NanoGpt(nn.Module):
    def __init__(self, layers: int, heads: int, width: int, context: int, vocabulary: int) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(heads, width) for _ in range(layers)])
        self.norm, self.logits = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        self.logits.weight = self.tokens.weight

    def forward(self, tokens: Tensor, last_alone: bool = False) -> Tensor:
        stream = self.blocks(self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1])))
        return self.logits(self.norm(stream[:, -1:] if last_alone else stream))

    @torch.no_grad()
    def write(self, tokens: Tensor, count: int) -> Tensor:
        """Write so many tokens, reading everything anew for each, as nanoGPT's `generate` does."""
        for _ in range(count):
            shares = functional.softmax(self(tokens, last_alone=True)[:, -1], dim=-1)
            tokens = torch.cat([tokens, torch.multinomial(shares, 1)], dim=1)
        return tokens


def train_step(model: NanoGpt, optimizer: torch.optim.Optimizer, tokens: Tensor) -> None:
    """Do one step of nanoGPT's training script, without its mixed precision, which is for graphics cards."""
    logits = model(tokens[:, :-1])
    functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1)).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
