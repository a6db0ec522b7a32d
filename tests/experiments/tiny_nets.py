"""Deploy nets of 1 x 1 convolutions, whose labels tests compute in NumPy."""

CNN = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 24 dim: 32 } } }
layer { name: "score" type: "Convolution" bottom: "data" top: "score"
        convolution_param { num_output: 3 kernel_size: 1 } }
layer { name: "prob" type: "Softmax" bottom: "score" top: "prob" }
"""
# In place of a CRF: the labels are the least probable classes, the weights two planes of the image, the energy
# minus the number of pixels and the bound a tenth below it.
CRF = """
layer { name: "unary" type: "Power" bottom: "prob" top: "unary" power_param { scale: -1 } }
layer { name: "argmax" type: "ArgMax" bottom: "unary" top: "argmax" argmax_param { axis: 1 } }
layer { name: "labels" type: "Reshape" bottom: "argmax" top: "labels"
        reshape_param { axis: 1 num_axes: 2 shape { dim: -1 } } }
layer { name: "weights" type: "Slice" bottom: "data" top: "weights" top: "rest"
        slice_param { slice_point: 2 } }
layer { name: "energy" type: "Reduction" bottom: "unary" top: "energy" reduction_param { axis: 1 } }
layer { name: "lower_bound" type: "Reduction" bottom: "unary" top: "lower_bound"
        reduction_param { axis: 1 coeff: 1.1 } }
"""
