// Caffe's ConvolutionLayer<float> by oneDNN. Convolutions over one or three axes stay libcaffe's own, and those that use
// each weight for few pixels, as fc6 does of small images: reordering the weights would take longer than it saves.

#include <map>

#include <caffe/layers/conv_layer.hpp>

#include "convolution.hpp"
#include "original.hpp"

namespace caffe {

namespace {

constexpr char name[] = "16ConvolutionLayer";

// Photographs of many sizes shall not fill the memory with kernels.
constexpr size_t most_shapes = 256;

// Kernels by shape, shared by the layers of one shape: to make one takes milliseconds.
convolution::Convolution& convolution_of(const convolution::Shape& shape) {
    static thread_local std::map<convolution::Shape, convolution::Convolution> known;
    const auto found = known.find(shape);
    if (found != known.end()) return found->second;
    if (known.size() == most_shapes) known.clear();
    return known.emplace(shape, convolution::Convolution(shape)).first->second;
}

constexpr int least_uses_of_a_weight = 100;

std::array<int, 2> two_values(const Blob<int>& values) { return {values.cpu_data()[0], values.cpu_data()[1]}; }

}  // namespace

template <>
void ConvolutionLayer<float>::Forward_cpu(const Blobs& bottom, const Blobs& top) {
    if (!use_ours() || num_spatial_axes_ != 2 || force_nd_im2col_ ||
        top[0]->count() / num_output_ < least_uses_of_a_weight) {
        return forward_of_libcaffe(name, this, bottom, top);
    }
    const float* bias = bias_term_ ? blobs_[1]->cpu_data() : nullptr;
    for (size_t i = 0; i < bottom.size(); ++i) {
        convolution_of({num_, channels_, bottom[i]->shape(2), bottom[i]->shape(3), num_output_, group_,
                        two_values(kernel_shape_), two_values(pad_), two_values(stride_), two_values(dilation_),
                        bias_term_})
            .forward(bottom[i]->cpu_data(), blobs_[0]->cpu_data(), bias, top[i]->mutable_cpu_data());
    }
}

template <>
void ConvolutionLayer<float>::Backward_cpu(const Blobs& top, const std::vector<bool>& propagate_down,
                                           const Blobs& bottom) {
    if (!use_ours() || num_spatial_axes_ != 2 || force_nd_im2col_ ||
        top[0]->count() / num_output_ < least_uses_of_a_weight) {
        return backward_of_libcaffe(name, this, top, propagate_down, bottom);
    }
    for (size_t i = 0; i < top.size(); ++i) {
        const float* gradient = top[i]->cpu_diff();
        if (bias_term_ && param_propagate_down_[1]) {
            float* bias_gradient = blobs_[1]->mutable_cpu_diff();
            for (int n = 0; n < num_; ++n) backward_cpu_bias(bias_gradient, gradient + n * top_dim_);
        }
        if (!param_propagate_down_[0] && !propagate_down[i]) continue;
        convolution::Convolution& same = convolution_of(
            {num_, channels_, bottom[i]->shape(2), bottom[i]->shape(3), num_output_, group_, two_values(kernel_shape_),
             two_values(pad_), two_values(stride_), two_values(dilation_), bias_term_});
        if (param_propagate_down_[0]) {
            same.backward_weights(bottom[i]->cpu_data(), gradient, blobs_[0]->mutable_cpu_diff());
        }
        if (propagate_down[i]) {
            same.backward_data(gradient, blobs_[0]->cpu_data(), bottom[i]->mutable_cpu_diff());
        }
    }
}

}  // namespace caffe
