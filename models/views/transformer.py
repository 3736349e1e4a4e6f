"""A Transformer's inside: everything one text does in it, and what is recorded while it trains."""

from dataclasses import dataclass

from models.base import Array, View

TOP, LENS_TOP = 20, 5  # candidates for the next token that are kept: after the last layer, after each layer
HEAD_SCORES = ("entropy", "distance", "previous", "first", "duplicate", "induction", "self")
ATTENTION_LEVELS = 255  # a recorded attention weight is a multiple of 1/255: finer than its picture's shades


@dataclass(frozen=True)
class TransformerTrace(View):
    """Everything one text does in one model.

    T tokens, L layers, H heads, h width of a head, d width of the stream, m hidden units of the MLP, K = 20 candidates
    (or the whole vocabulary, if it is smaller). float32 unless said.
    tokens: (T,) int32; texts: (T,) str. embedded: (T, d) token embeddings; positioned: (T, d) what positions add (0 for
    rotary and none). stream: (L + 1, T, d) the residual stream before the first and after each layer.
    normalized: (L, T, d) what attention reads. queries, keys, values: (L, H, T, h), queries and keys after rotary
    positions. scores: (L, H, T, T) scaled by 1 / sqrt(h), before the mask. attention: (L, H, T, T) after mask and
    softmax, row = who looks, column = at whom. rollout: (L, T, T) how much of each token reached each token by then.
    mixed: (L, H, T, h) weighted values. attention_out: (L, T, d) what the layer's attention adds. middle: (L, T, d) the
    stream after attention. mlp_in, mlp_out: (L, T, d); mlp_hidden: (L, T, m) after the activation; None without an MLP,
    mlp_hidden also with experts, where expert_weights: (L, T, experts) are the gate's. final: (T, d) after the last
    normalization. top_ids: (T, K) int32, top_logits, top_probabilities: (T, K), candidates for the next token (of an encoder: for this
    token), best first; top_texts: (T, K) str. lens_ids: (L + 1, T, 5) int32, lens_probabilities, lens_texts: the same
    read off the stream before the first and after each layer. head_contributions: (L, H, T): what each head adds to the
    logit of the best candidate, directly; None where normalization comes after the sum.
    head_scores: (L, H, 7), see HEAD_SCORES and models.attention_scores; head_types: (L, H) str.
    Of an encoder-decoder besides: source_tokens: (S,) int32, source_texts: (S,) str, source_attention: (L, H, S, S),
    cross_scores, cross_attention: (L, H, T, S), cross_out: (L, T, d) what it adds, source_final: (S, d).
    Of an encoder without logits: sentence_embedding: (d,), the mean over tokens, length 1.
    """

    tokens: Array | None = None
    texts: Array | None = None
    embedded: Array | None = None
    positioned: Array | None = None
    stream: Array | None = None
    normalized: Array | None = None
    queries: Array | None = None
    keys: Array | None = None
    values: Array | None = None
    scores: Array | None = None
    attention: Array | None = None
    rollout: Array | None = None
    mixed: Array | None = None
    attention_out: Array | None = None
    middle: Array | None = None
    mlp_in: Array | None = None
    mlp_hidden: Array | None = None
    mlp_out: Array | None = None
    expert_weights: Array | None = None
    final: Array | None = None
    top_ids: Array | None = None
    top_logits: Array | None = None
    top_probabilities: Array | None = None
    top_texts: Array | None = None
    lens_ids: Array | None = None
    lens_probabilities: Array | None = None
    lens_texts: Array | None = None
    head_contributions: Array | None = None
    head_scores: Array | None = None
    head_types: Array | None = None
    source_tokens: Array | None = None
    source_texts: Array | None = None
    source_attention: Array | None = None
    source_final: Array | None = None
    cross_scores: Array | None = None
    cross_attention: Array | None = None
    cross_out: Array | None = None
    sentence_embedding: Array | None = None


@dataclass(frozen=True)
class TransformerView(TransformerTrace):
    """What a run records at each moment, on fixed test sequences; and, under the names of the trace, answers.

    E examples (see the scene). seen_attention: (E, L, H, T, T) float16, in 255ths; of an encoder-decoder the decoder's,
    and seen_source_attention: (E, L, H, S, S), seen_cross_attention: (E, L, H, T, S). seen_scores: (L, H, 7) float32,
    head scores as means over some test sequences. seen_best: (E, T) int32, the likeliest token; seen_right: (E, T)
    float16, probability of the right one, 0 where none is asked for.

    An answer with generation. generated: (N,) int32, generated_texts: (N,) str; generated_probabilities: (N,) of the
    chosen ones, under the chosen temperature and cuts; generated_top_ids: (N, K) int32, generated_top_probabilities,
    generated_top_texts: the alternatives before the cuts, at temperature 1, best first; generated_kept: (N,) int32, how
    many tokens the cuts left to draw from. seconds_cached, seconds_plain: (1,) the same with and without cache.
    """

    seen_attention: Array | None = None
    seen_source_attention: Array | None = None
    seen_cross_attention: Array | None = None
    seen_scores: Array | None = None
    seen_best: Array | None = None
    seen_right: Array | None = None
    generated: Array | None = None
    generated_texts: Array | None = None
    generated_probabilities: Array | None = None
    generated_top_ids: Array | None = None
    generated_top_probabilities: Array | None = None
    generated_top_texts: Array | None = None
    generated_kept: Array | None = None
    seconds_cached: Array | None = None
    seconds_plain: Array | None = None
