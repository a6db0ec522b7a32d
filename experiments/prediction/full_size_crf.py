"""The CRF at a frame's full resolution: costs interpolated from the net's resolution, weights of the frame itself."""

import tempfile

import caffe
import numpy as np
from google.protobuf import text_format

import theano_crf
from experiments.nets.caffemodel import copy_learnt_terms
from experiments.prediction.photographs import planes_at_size, read_photograph
from prototxt.learnt import costs_name, learnt_layers
from prototxt.nets import crf_net
from prototxt.unary import cooled, unary_costs


class FullSizeCRF:
    """Labels frames with the CRF at full resolution.

    The parameters are those of the net's resolution: at a higher one neighbours differ less, and a region's costs grow
    faster than its boundary's.

    Parameters
    ----------
    crf : experiments.settings.crf_config.CRFConfig
    images : dict of str to path
        The image of each frame.
    mean_bgr : sequence of 3 float
        Mean colour subtracted in training, in 0 to 255.
    """

    def __init__(self, crf, images, mean_bgr):
        self._crf, self._images, self._mean = crf, images, np.reshape(mean_bgr, (3, 1, 1))
        self._nets = {}

    def labels(self, frame, probability, weights):
        """Label a frame.

        Parameters
        ----------
        frame : str
        probability : (K, h, w) float32
            The CNN's, at the net's resolution.
        weights : path
            Those of the CNN, which hold the learnt terms too.

        Returns
        -------
        (H, W) int32
            At the resolution of the frame's image.
        """
        crf, image = self._crf, read_photograph(self._images[frame])
        probability = cooled(probability, crf.temperature)
        costs = planes_at_size(unary_costs(probability, crf.unary), *image.shape[:2])
        if learnt_layers(crf.dict()):
            return self._labels_by_net(image, planes_at_size(probability, *image.shape[:2]), costs, weights)
        colours = image.transpose(2, 0, 1)[np.newaxis] / np.float32(255)
        weights = theano_crf.contrast_weights(colours, crf.alpha, crf.beta, crf.lam, crf.neighbours,
                                              crf.relative_contrast)
        return theano_crf.dual_mm(costs[np.newaxis], weights, crf.iterations, crf.decode,
                                  neighbours=crf.neighbours).labels[0]

    def _labels_by_net(self, image, probability, costs, weights):
        """Label an image by the CRF's net, in which planes at the image's size take the place of its own."""
        net, layers = self._net(weights, len(costs))
        for name, channels in (("data", 3), ("score", len(costs))):
            net.blobs[name].reshape(1, channels, *image.shape[:2])
        net.reshape()
        prob, done = "prob" if self._crf.temperature == 1 else "cooled_prob", 0
        net.blobs["data"].data[0] = image[:, :, ::-1].transpose(2, 0, 1) - self._mean
        for name, planes in ((prob, probability), (costs_name(self._crf.dict()), costs)):
            net._forward(done, layers.index(name))
            net.blobs[name].data[0] = planes
            done = layers.index(name) + 1
        net._forward(done, len(layers) - 1)
        return net.blobs["labels"].data[0].astype(np.int32)

    def _net(self, weights, classes):
        """Return the CRF's net with the learnt terms of weights, and the names of its layers."""
        if weights not in self._nets:
            message = crf_net(classes, (1, 1), {**self._crf.dict(), "mean_bgr": self._mean.ravel().tolist()})
            with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:
                file.write(text_format.MessageToString(message))
                file.flush()
                net = caffe.Net(file.name, caffe.TEST)
            copy_learnt_terms(net, weights)
            self._nets[weights] = net, list(net._layer_names)
        return self._nets[weights]
