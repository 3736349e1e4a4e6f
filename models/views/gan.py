"""A discriminator and a generator at one moment."""

from dataclasses import dataclass

from models.base import Array, View

GAN_FAKES = 240  # generated points that are recorded
GAN_HEAT = 32  # the discriminator's map: cells along each axis
GAN_NET = 15  # noise grid that the generator bends: lines along each axis
GAN_ARROWS = 80  # generated points whose gradient is recorded
GAN_SAMPLES = 36  # generated images that are recorded
GAN_TWINS = 12  # of them with the nearest training image
GAN_GREYS = 32  # steps of grey of a recorded image


@dataclass(frozen=True)
class GanView(View):
    """A discriminator and a generator at one moment.

    2-D: fakes (240, 2) float16 in the coordinates of the picture, from one fixed noise; heat (32, 32) uint8, the
    discriminator's verdict from 0 generated to 255 real, row 0 at the top: a sigmoid of the score, the score cut to
    0 to 1 for least squares, the score stretched between its extremes for Wasserstein; net (225, 2) float16, where
    a grid of noise goes, the first two noise numbers at the quantiles 2 to 98 %, the others 0; pulls (80, 2)
    float16, minus the gradient of the generator's loss with respect to each of the first fakes, by the picture's
    coordinates; mode_counts (k,) int32, of 2,000 samples, those of high quality at each spot (digits: of 500, by
    the class of the nearest training image). Images: samples (36, h, w) uint8, 0 to 255 in 32 steps of grey;
    nearest_images (12, h, w) uint8, the training images nearest to the first 12, nearest_rows (12,) int32, which ones
    they are, nearest_away (12,) float32, their distance; sharpness (1,), variance of the Laplacian of 500 samples.
    scores_real, scores_fake: (100,) float16 scores of held-out data and of samples.

    Answers only. before_heat, after_heat: (32, 32), the verdict, 0 to 1, before and after one update of D;
    before_fakes, after_fakes: (80, 2) before and after one update of G; slow_pulls (80, 2), the gradients between;
    slow_losses (4,): D's loss before and after its update, G's before and after its own, on that batch; slow_rates
    (2,): the learning rates of both updates. walk (n, h, w) or (n, 2): samples along an arc of noise; twins (n, h, w):
    nearest training image to each.
    """

    fakes: Array | None = None
    heat: Array | None = None
    net: Array | None = None
    pulls: Array | None = None
    mode_counts: Array | None = None
    samples: Array | None = None
    nearest_images: Array | None = None
    nearest_rows: Array | None = None
    nearest_away: Array | None = None
    sharpness: Array | None = None
    scores_real: Array | None = None
    scores_fake: Array | None = None
    before_heat: Array | None = None
    after_heat: Array | None = None
    before_fakes: Array | None = None
    after_fakes: Array | None = None
    slow_pulls: Array | None = None
    slow_losses: Array | None = None
    slow_rates: Array | None = None
    walk: Array | None = None
    twins: Array | None = None
