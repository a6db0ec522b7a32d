"""The contrast weights of a Caffe layer (eq. 6): with fixed parameters, or with blobs by which they are learnt."""

import functools

import numpy as np
import theano
import theano.tensor as T

import theano_crf  # before Theano, which it keeps from starting MPI

# The blobs of a layer that learns, in their order: alpha and beta have one number each, lambda one per neighbour.
ALPHA, BETA, LAM = range(3)


class LayerContrast:
    """The contrast weights that a layer's parameters, a `WeightsLayerParameters`, ask for.

    Learnt parameters are three blobs, (1,), (1,) and (D,), of the logarithms of the factors by which alpha, beta and
    each neighbour's lambda differ from the layer's parameters. They start at 0, exactly at these, and no step makes
    a parameter negative.

    Parameters
    ----------
    layer : caffe.Layer
        With the attribute `parameters`; the blobs are added to it if it learns and has none.
    """

    def __init__(self, layer):
        self._layer, self._options = layer, layer.parameters
        if self._options.learn_contrast:
            if len(layer.blobs) == 0:
                for size in (1, 1, len(self._options.neighbours)):
                    layer.blobs.add_blob(size)
                    layer.blobs[len(layer.blobs) - 1].data[...] = 0
        self._kind = self._options.neighbours, self._options.relative_contrast
        self._weights = (_learnt_weights if self._options.learn_contrast else _contrast_weights)(*self._kind)

    @property
    def learnt(self):
        """Return the learnt parameters, {"alpha": float, "beta": float, "lam": D floats}; None where they are fixed."""
        if not self._options.learn_contrast:
            return None
        return learnt_parameters(self._options, [blob.data for blob in self._blobs()])

    def weights(self, image):
        """Return the weights (N, D, H, W) of an image (N, 3, H, W) in 0 to 255, less any mean."""
        return self._weights(self._with_mean(image), *self._arguments())

    def add_gradients(self, image, gradient):
        """Add the gradients with respect to the blobs, where the weights' gradient is (N, D, H, W), to the blobs'."""
        if self._options.learn_contrast:
            gradients = _learnt_gradients(*self._kind)(self._with_mean(image), *self._arguments(), gradient)
            for blob, of_blob in zip(self._blobs(), gradients):
                blob.diff[...] += of_blob

    def _with_mean(self, image):
        return image + np.float32(self._options.mean_bgr)[:, None, None] if self._options.relative_contrast else image

    def _arguments(self):
        options = self._options
        return options.alpha, options.beta, options.lam, *(blob.data for blob in self._blobs())

    def _blobs(self):
        return [self._layer.blobs[index] for index in range(len(self._layer.blobs))]


def learnt_parameters(settings, blobs):
    """Return the parameters that learnt blobs stand for.

    Parameters
    ----------
    settings : object with the attributes alpha, beta and lam
        Those that the layer began with.
    blobs : sequence of 3 arrays
        As of `LayerContrast`.

    Returns
    -------
    dict
        ``alpha`` and ``beta``, floats, and ``lam``, a list of D floats.
    """
    factors = [np.exp(np.asarray(blob, np.float64)) for blob in blobs]
    return {"alpha": settings.alpha * float(factors[ALPHA][0]), "beta": settings.beta * float(factors[BETA][0]),
            "lam": [settings.lam * float(factor) for factor in factors[LAM]]}


@functools.lru_cache(maxsize=None)
def _contrast_weights(neighbours, relative):
    """Compile eq. 6 for images in 0 to 255 less a mean, which `theano_crf.contrast_weights` would refuse."""
    image, settings = T.ftensor4("image"), _settings()
    return theano.function([image, *settings], _weights_of(image, settings, neighbours, relative),
                           allow_input_downcast=True)


@functools.lru_cache(maxsize=None)
def _learnt_weights(neighbours, relative):
    """Compile eq. 6 with the blobs' factors."""
    inputs, _, weights = _learnt_graph(neighbours, relative)
    return theano.function(inputs, weights, allow_input_downcast=True)


@functools.lru_cache(maxsize=None)
def _learnt_gradients(neighbours, relative):
    """Compile the gradients with respect to the blobs; its last argument is the gradient of the weights."""
    inputs, blobs, weights = _learnt_graph(neighbours, relative)
    above = T.ftensor4("above")
    gradients = theano.grad(None, blobs, known_grads={weights: above})
    return theano.function([*inputs, above], gradients, allow_input_downcast=True)


def _learnt_graph(neighbours, relative):
    """Return the inputs, the blobs among them, and the weights of eq. 6 with the blobs' factors."""
    image, settings = T.ftensor4("image"), _settings()
    blobs = [T.fvector(name) for name in ("log_alpha", "log_beta", "log_lam")]
    alpha, beta, lam = (setting * T.exp(blob) for setting, blob in zip(settings, blobs))
    return [image, *settings, *blobs], blobs, _weights_of(image, (alpha[0], beta[0], lam), neighbours, relative)


def _settings():
    return [T.fscalar(name) for name in ("alpha", "beta", "lam")]


def _weights_of(image, settings, neighbours, relative):
    return theano_crf.graph.contrast_weights(image * np.float32(1 / 255), *settings, neighbours=neighbours,
                                             relative=relative)
