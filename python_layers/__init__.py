"""Thin Caffe layers: the data, the pairwise weights, the structured loss and the inference of the CRF."""

from python_layers.crf import ContrastWeights, CRFInference, SSVMLoss
from python_layers.data import SegmentationData

__all__ = ["ContrastWeights", "CRFInference", "SSVMLoss", "SegmentationData"]
