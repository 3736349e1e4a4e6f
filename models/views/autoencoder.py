"""An autoencoder at one moment: d inputs, k code numbers, m test examples, pictures as uint8 in 15ths of full ink."""

from dataclasses import dataclass

from models.base import Array, View

SHOWN_PAIRS = 20  # test examples that are drawn beside what they are rebuilt as
SHOWN_CODES = 160  # test examples whose codes are recorded
WORST_REBUILT = 8  # normal test examples with the largest errors
SHOWN_SAMPLES = 20  # draws that are decoded
PLANE_CELLS = 7  # decoded pictures along each side of the plane of codes


@dataclass(frozen=True)
class AutoencoderView(View):
    """An autoencoder at one moment: d inputs, k code numbers, m test examples, pictures as uint8 in 15ths of full ink.

    rebuilt: (20, d), pictures, tables float16, what the shown test examples became; errors: (m,), mean squared error of
    each test example, float32 where there are anomalies, else float16; spreads: (k,) float32, deviation of each code
    number over the test examples; divergences: (k,) float32, its KL divergence from N(0, 1) in nats, variational only.
    codes: (160, 1 or 2) float16, first code numbers; limits: (1 or 2, 2) float32, ends of the plane of codes; grid:
    (7 or 7 x 7, d), images: decoded in the middles of its cells, row by row from the top, all further code numbers at
    the mean of the training codes. samples: (20, d), images: decoded draws from N(0, 1) if variational, otherwise from
    a Gaussian with mean and covariance of the training codes.
    units: float16, the first shown example in the drawn units of each layer between input and output, flattened (maps:
    height, width, map); edges: float16, weights between the drawn units of consecutive dense layers, each (from, to),
    flattened, in 15ths of the largest; a large image counts as one unit with its mean weight. worst_rows: (8 or
    fewer,) int32, normal test examples with the largest error; worst_inputs, worst_outputs:
    (8, d), like `rebuilt`, what the network saw and made of them.
    Answers: answer_codes (n, k); answer_outputs (n, d), decoded; answer_agreement (n,), see
    models/autoencoder_measures.py; answer_blend (n, d), blends of two inputs; answer_agreement_blend (n,);
    answer_input (d,); answer_error (1,) mean squared error.
    """

    rebuilt: Array | None = None
    errors: Array | None = None
    spreads: Array | None = None
    divergences: Array | None = None
    codes: Array | None = None
    limits: Array | None = None
    grid: Array | None = None
    samples: Array | None = None
    units: Array | None = None
    edges: Array | None = None
    worst_rows: Array | None = None
    worst_inputs: Array | None = None
    worst_outputs: Array | None = None
    answer_codes: Array | None = None
    answer_outputs: Array | None = None
    answer_agreement: Array | None = None
    answer_agreement_blend: Array | None = None
    answer_blend: Array | None = None
    answer_input: Array | None = None
    answer_error: Array | None = None
