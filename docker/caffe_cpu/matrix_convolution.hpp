// A convolution as products of matrices, for layers that use each weight for few pixels.

#pragma once

#include "convolution.hpp"

namespace matrix_convolution {

// top = weights * columns(bottom) + bias, where bias is not null. No groups.
void forward(const convolution::Shape& shape, const float* bottom, const float* weights, const float* bias, float* top);

// bottom_gradient = columns^T(weights^T * top_gradient)
void backward_data(const convolution::Shape& shape, const float* top_gradient, const float* weights,
                   float* bottom_gradient);

// weights_gradient += top_gradient * columns(bottom)^T
void backward_weights(const convolution::Shape& shape, const float* bottom, const float* top_gradient,
                      float* weights_gradient);

}  // namespace matrix_convolution
