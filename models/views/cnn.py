"""A convolutional network at one moment. h, w, c: height, width and channels of an image; k: side of a kernel."""

from dataclasses import dataclass

from models.base import Array, View

SHOWN_MAPS = 16  # feature maps of a block that are recorded
SHOWN_IMAGES = 144  # test images whose predictions are recorded one by one
MAP_LEVELS = 63  # a recorded feature map has so many steps of grey


@dataclass(frozen=True)
class CnnView(View):
    """A convolutional network at one moment. h, w, c: height, width and channels of an image; k: side of a kernel.

    kernels: (first filters shown, k, k, c) float16, weights of the first convolution. maps: uint8, the shown feature
    maps of the first test image after each block's activation, one behind the other (shapes: see the scene), each in
    63rds of its largest value; map_peaks: (maps,) float32, that value. edges: float16, mean weight between
    the shown maps (then hidden units, then outputs) of consecutive columns, each (from, to), flattened.
    probabilities: (144 or fewer, classes) float16; confusion: (classes, classes) int32, row = truth;
    calibration: (10, 3) float32 per confidence bin: examples, mean confidence, share right; worst_rows: (12 or fewer,)
    int32, test images with the largest loss; worst_inputs: (12, h, w, c) uint8, in 255ths; worst_outputs: (12, classes)
    float16; worst_truths: (12,) int32. Of large sets the first 2,000 test images count, at the last step all of them.

    The answer to a question. answer_input: (h, w, c) float32; answer_output: (classes,) float32; answer_maps: float16,
    as `maps` but in their own unit; answer_shapes: (blocks, 3) maps shown, height, width; grad_cam: (height, width)
    float32 of the last block, for the likeliest class; occlusion: (places, places) float32, fall of that class's
    probability while a square of occlusion_side: (1,) pixels is empty, at places occlusion_step: (1,) pixels apart.
    The sliding window. window_input: (height, width, channels) float32, what the convolution sees; window_kernel:
    (k, k, channels) float32; window_bias: (1,); window_sums: (height', width') float32, z, before normalization and
    bend; window_padding: (1,) zeros added over and left of the picture.
    shift_accuracy: (2 r + 1, 2 r + 1) float32, share right of the test images moved down (axis 0) and right (axis 1),
    from -r to r pixels.
    """

    kernels: Array | None = None
    maps: Array | None = None
    map_peaks: Array | None = None
    edges: Array | None = None
    probabilities: Array | None = None
    confusion: Array | None = None
    calibration: Array | None = None
    worst_rows: Array | None = None
    worst_inputs: Array | None = None
    worst_outputs: Array | None = None
    worst_truths: Array | None = None
    answer_input: Array | None = None
    answer_output: Array | None = None
    answer_maps: Array | None = None
    answer_shapes: Array | None = None
    grad_cam: Array | None = None
    occlusion: Array | None = None
    occlusion_side: Array | None = None
    occlusion_step: Array | None = None
    window_input: Array | None = None
    window_kernel: Array | None = None
    window_bias: Array | None = None
    window_sums: Array | None = None
    window_padding: Array | None = None
    shift_accuracy: Array | None = None
