"""Caffe layers of the CRF; the mathematics is in `theano_crf`."""

import caffe
import numpy as np

import theano_crf
from python_layers.blobs import as_list, check_blob_counts, whole_labels
from python_layers.compatibility import LayerCompatibility
from python_layers.contrast import LayerContrast
from python_layers.errors import shows_errors
from python_layers.margins import iou_margins
from python_layers.parameters import InferenceLayerParameters, LossParameters, WeightsLayerParameters, parse_param_str


class ContrastWeights(caffe.Layer):
    """Contrast-sensitive pairwise weights (eq. 6).

    Bottom: image (N, 3, H, W) in 0 to 255; a subtracted mean and the order of the channels change nothing, as
    only differences of neighbours count. With `relative_contrast` the mean counts: `mean_bgr` has it. Top: weights
    (N, D, H, W) of D `neighbours`, see `theano_crf.contrast_weights`. Learnt parameters are blobs of the layer, see
    `LayerContrast`.
    """

    @shows_errors
    def setup(self, bottom, top):
        check_blob_counts(self, bottom, top, (1,), (1,))
        self.parameters = parse_param_str(WeightsLayerParameters, self)
        self.contrast = LayerContrast(self)

    def reshape(self, bottom, top):
        images, _, height, width = bottom[0].data.shape
        top[0].reshape(images, len(self.parameters.neighbours), height, width)

    @shows_errors
    def forward(self, bottom, top):
        top[0].data[...] = self.contrast.weights(bottom[0].data)

    @shows_errors
    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            raise ValueError("ContrastWeights passes no gradient to its image; put it behind a data layer only.")
        self.contrast.add_gradients(bottom[0].data, top[0].diff)


class SSVMLoss(caffe.Layer):
    """Structured SVM loss with margin rescaling (eq. 7 to 10).

    Bottoms: unary (N, K, H, W), weights (N, D, H, W), labels (N, H, W). Tops: the loss; optionally the share of
    labelled pixels whose loss-augmented label differs from the truth, a sign of health; optionally the certificate,
    which the loss would not exceed if inference were exact, in the loss's unit. A net must set the layer's
    `loss_weight`, 0 for all tops but the loss: Caffe gives a Python layer none. `theano_crf.ssvm` says how void pixels
    count. A compatibility that is learnt is a blob of the layer, see `LayerCompatibility`.
    """

    @shows_errors
    def setup(self, bottom, top):
        check_blob_counts(self, bottom, top, (3,), (1, 2, 3))
        self.parameters = parse_param_str(LossParameters, self)
        self.compatibility = LayerCompatibility(self, bottom[0].data.shape[1])

    def reshape(self, bottom, top):
        for blob in as_list(top):
            blob.reshape(1)

    @shows_errors
    def forward(self, bottom, top):
        unary, weights, labels = (blob.data for blob in as_list(bottom))
        truth = whole_labels(labels, unary)
        options = self.parameters
        self.structured = theano_crf.ssvm(unary, weights, truth, gamma=self._margins(unary, truth), void=options.void,
                                          iterations=options.iterations, decode=options.decode,
                                          neighbours=options.neighbours, compatibility=self.compatibility.values())
        labelled = truth != options.void
        count = max(1, np.count_nonzero(labelled))
        self.scale = 1 / count if options.normalise else 1.0
        top[0].data[0] = self.scale * self.structured.loss.sum()
        if len(top) > 1:
            top[1].data[0] = np.count_nonzero((self.structured.labels != truth) & labelled) / count
        if len(top) > 2:
            top[2].data[0] = self.scale * self.structured.certificate.sum()

    def _margins(self, unary, truth):
        """Return gamma; of the margin iou (N, K, K), by the labels of least unary cost.

        Labels of an earlier iteration would have to be kept with the snapshot of it, and by the process that comes upon
        the image again.
        """
        options = self.parameters
        if options.margin == "hamming":
            return options.gamma
        return iou_margins(truth, unary.argmin(axis=1), unary.shape[1], options.gamma, options.void)

    @shows_errors
    def backward(self, top, propagate_down, bottom):
        scale = np.float32(self.scale * top[0].diff[0])
        for blob, needed, gradient in zip(as_list(bottom), propagate_down,
                                          (self.structured.grad_unary, self.structured.grad_weights)):
            if needed:
                np.multiply(gradient, scale, out=blob.diff)
        self.compatibility.add_gradient(self.structured.grad_compatibility, scale)
        if propagate_down[2]:
            bottom[2].diff[...] = 0  # asked for by `force_backward`: labels are data


class CRFInference(caffe.Layer):
    """Labels of least energy by DualMM (eq. 3).

    Bottoms: unary (N, K, H, W), weights (N, D, H, W). Tops: labels (N, H, W); optionally the lower bound (N,)
    and the energy (N,) of the labels. A compatibility that is learnt is a blob that this layer shares with the loss's,
    see `LayerCompatibility`.

    Blobs are float32: at an energy of 4e5, a frame of 1024 x 512, bound and energy are rounded by up to 0.02, so their
    difference is right to 0.03 and can be below 0. The attribute `solution` holds both in double precision, for
    programs that own the net: `net.layers[index].solution`.
    """

    @shows_errors
    def setup(self, bottom, top):
        check_blob_counts(self, bottom, top, (2,), (1, 3))
        self.parameters = parse_param_str(InferenceLayerParameters, self)
        self.compatibility = LayerCompatibility(self, bottom[0].data.shape[1])

    def reshape(self, bottom, top):
        images, _, height, width = bottom[0].data.shape
        top[0].reshape(images, height, width)
        for blob in as_list(top)[1:]:
            blob.reshape(images)

    @shows_errors
    def forward(self, bottom, top):
        self.solution = theano_crf.dual_mm(
            bottom[0].data, bottom[1].data, self.parameters.iterations, self.parameters.decode,
            neighbours=self.parameters.neighbours, compatibility=self.compatibility.values())
        top[0].data[...] = self.solution.labels
        if len(top) > 1:
            top[1].data[...] = self.solution.lower_bound
            top[2].data[...] = self.solution.energy

    @shows_errors
    def backward(self, top, propagate_down, bottom):
        if any(propagate_down):
            raise ValueError("CRFInference has no gradient; train with SSVMLoss instead.")
