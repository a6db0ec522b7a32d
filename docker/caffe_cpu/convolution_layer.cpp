// Caffe's ConvolutionLayer<float> by oneDNN, and by products of matrices where each weight is used for few pixels, as
// fc6's of small images: reordering the weights for oneDNN would take longer than it saves. Neither depends on the
// number of threads. Convolutions over one or three axes stay libcaffe's own, and those with groups and few pixels.

#include <map>

#include <caffe/layers/conv_layer.hpp>

#include "convolution.hpp"
#include "matrix_convolution.hpp"
#include "original.hpp"
#include "pieces.hpp"

namespace caffe {

namespace {

using convolution::Shape;

constexpr char name[] = "16ConvolutionLayer";

// Photographs of many sizes shall not fill the memory with kernels.
constexpr size_t most_shapes = 256;

// Kernels by shape, shared by the layers of one shape: to make one takes milliseconds.
convolution::Convolution& convolution_of(const Shape& shape) {
    static thread_local std::map<Shape, convolution::Convolution> known;
    const auto found = known.find(shape);
    if (found != known.end()) return found->second;
    if (known.size() == most_shapes) known.clear();
    return known.emplace(shape, convolution::Convolution(shape)).first->second;
}

constexpr int least_uses_of_a_weight = 100;

bool uses_weights_rarely(const Shape& shape) {
    const auto output = shape.output_size();
    return shape.images * output[0] * output[1] < least_uses_of_a_weight;
}

bool is_ours(const Shape& shape) { return use_ours() && (shape.groups == 1 || !uses_weights_rarely(shape)); }

std::array<int, 2> two_values(const Blob<int>& values) { return {values.cpu_data()[0], values.cpu_data()[1]}; }

Shape shape_of(const Blob<float>& bottom, int outputs, int groups, const Blob<int>& kernel, const Blob<int>& pad,
               const Blob<int>& stride, const Blob<int>& dilation, bool bias) {
    return {bottom.shape(0), bottom.shape(1), bottom.shape(2), bottom.shape(3), outputs, groups, two_values(kernel),
            two_values(pad), two_values(stride), two_values(dilation), bias};
}

__attribute__((target_clones("avx512f", "avx2", "default")))
float sum(const float* values, int length) {
    float result = 0;
#pragma omp simd reduction(+ : result)
    for (int i = 0; i < length; ++i) result += values[i];
    return result;
}

void add_bias_gradient(const Shape& shape, const float* top_gradient, float* bias_gradient) {
    const auto output = shape.output_size();
    const int pixels = output[0] * output[1];
    for_each_piece(shape.outputs, [&](int channel) {
        for (int n = 0; n < shape.images; ++n) {
            bias_gradient[channel] += sum(top_gradient + size_t(n * shape.outputs + channel) * pixels, pixels);
        }
    });
}

}  // namespace

template <>
void ConvolutionLayer<float>::Forward_cpu(const Blobs& bottom, const Blobs& top) {
    if (num_spatial_axes_ != 2 || force_nd_im2col_) return forward_of_libcaffe(name, this, bottom, top);
    const Shape shape =
        shape_of(*bottom[0], num_output_, group_, kernel_shape_, pad_, stride_, dilation_, bias_term_);
    if (!is_ours(shape)) return forward_of_libcaffe(name, this, bottom, top);
    const float* weights = blobs_[0]->cpu_data();
    const float* bias = bias_term_ ? blobs_[1]->cpu_data() : nullptr;
    for (size_t i = 0; i < bottom.size(); ++i) {
        if (uses_weights_rarely(shape)) {
            matrix_convolution::forward(shape, bottom[i]->cpu_data(), weights, bias, top[i]->mutable_cpu_data());
        } else {
            convolution_of(shape).forward(bottom[i]->cpu_data(), weights, bias, top[i]->mutable_cpu_data());
        }
    }
}

template <>
void ConvolutionLayer<float>::Backward_cpu(const Blobs& top, const std::vector<bool>& propagate_down,
                                           const Blobs& bottom) {
    if (num_spatial_axes_ != 2 || force_nd_im2col_) {
        return backward_of_libcaffe(name, this, top, propagate_down, bottom);
    }
    const Shape shape =
        shape_of(*bottom[0], num_output_, group_, kernel_shape_, pad_, stride_, dilation_, bias_term_);
    if (!is_ours(shape)) return backward_of_libcaffe(name, this, top, propagate_down, bottom);
    const float* weights = blobs_[0]->cpu_data();
    for (size_t i = 0; i < top.size(); ++i) {
        const float* gradient = top[i]->cpu_diff();
        if (bias_term_ && param_propagate_down_[1]) add_bias_gradient(shape, gradient, blobs_[1]->mutable_cpu_diff());
        if (uses_weights_rarely(shape)) {
            if (param_propagate_down_[0]) {
                matrix_convolution::backward_weights(shape, bottom[i]->cpu_data(), gradient,
                                                     blobs_[0]->mutable_cpu_diff());
            }
            if (propagate_down[i]) {
                matrix_convolution::backward_data(shape, gradient, weights, bottom[i]->mutable_cpu_diff());
            }
        } else {
            convolution::Convolution& same = convolution_of(shape);
            if (param_propagate_down_[0]) {
                same.backward_weights(bottom[i]->cpu_data(), gradient, blobs_[0]->mutable_cpu_diff());
            }
            if (propagate_down[i]) same.backward_data(gradient, weights, bottom[i]->mutable_cpu_diff());
        }
    }
}

}  // namespace caffe
