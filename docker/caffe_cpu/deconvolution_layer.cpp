// Caffe's DeconvolutionLayer<float> for one kernel a channel, as FCN's bilinear interpolation is: the kernel is added
// to the output at each input pixel, without the columns that libcaffe fills and reads. With weights that learn, and
// with kernels over several channels, it stays libcaffe's own.

#include <caffe/layers/deconv_layer.hpp>

#include "original.hpp"

namespace caffe {

namespace {

struct Interpolation {
    int channels, input_height, input_width, output_height, output_width;
    int kernel_height, kernel_width, stride_y, stride_x, pad_y, pad_x;

    // The part of a kernel that starts at `first` which lies in 0 ... size.
    static void inside(int first, int length, int size, int& begin, int& end) {
        begin = std::max(0, -first);
        end = std::min(length, size - first);
    }

    template <class Function>
    void each_kernel_row(Function function) const {
        for (int c = 0; c < channels; ++c) {
            for (int y = 0; y < input_height; ++y) {
                int first_row, end_row;
                const int top = y * stride_y - pad_y;
                inside(top, kernel_height, output_height, first_row, end_row);
                for (int row = first_row; row < end_row; ++row) {
                    const int output = (c * output_height + top + row) * output_width;
                    function((c * input_height + y) * input_width, (c * kernel_height + row) * kernel_width, output);
                }
            }
        }
    }
};

bool one_kernel_a_channel(const Blob<float>& weights, int channels, int outputs, const Blob<int>& dilation) {
    return weights.num_axes() == 4 && weights.shape(1) == 1 && channels == outputs && weights.shape(0) == channels &&
           dilation.cpu_data()[0] == 1 && dilation.cpu_data()[1] == 1;
}

Interpolation interpolation(const Blob<float>& bottom, const Blob<float>& top, const Blob<int>& kernel,
                            const Blob<int>& stride, const Blob<int>& pad) {
    return {bottom.shape(1), bottom.shape(2), bottom.shape(3), top.shape(2), top.shape(3), kernel.cpu_data()[0],
            kernel.cpu_data()[1], stride.cpu_data()[0], stride.cpu_data()[1], pad.cpu_data()[0], pad.cpu_data()[1]};
}

__attribute__((target_clones("avx512f", "avx2", "default")))
void add_row(const Interpolation& shape, const float* input, const float* __restrict kernel,
             float* __restrict output) {
    for (int x = 0; x < shape.input_width; ++x) {
        int begin, end;
        const int left = x * shape.stride_x - shape.pad_x;
        Interpolation::inside(left, shape.kernel_width, shape.output_width, begin, end);
        for (int column = begin; column < end; ++column) output[left + column] += input[x] * kernel[column];
    }
}

__attribute__((target_clones("avx512f", "avx2", "default")))
void gather_row(const Interpolation& shape, const float* output_gradient, const float* kernel, float* input_gradient) {
    for (int x = 0; x < shape.input_width; ++x) {
        int begin, end;
        const int left = x * shape.stride_x - shape.pad_x;
        Interpolation::inside(left, shape.kernel_width, shape.output_width, begin, end);
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int column = begin; column < end; ++column) sum += output_gradient[left + column] * kernel[column];
        input_gradient[x] += sum;
    }
}

constexpr char name[] = "18DeconvolutionLayer";

}  // namespace

template <>
void DeconvolutionLayer<float>::Forward_cpu(const Blobs& bottom, const Blobs& top) {
    if (!use_ours() || bias_term_ || !one_kernel_a_channel(*blobs_[0], channels_, num_output_, dilation_)) {
        return forward_of_libcaffe(name, this, bottom, top);
    }
    for (size_t i = 0; i < bottom.size(); ++i) {
        const Interpolation shape = interpolation(*bottom[i], *top[i], kernel_shape_, stride_, pad_);
        const float* kernel = blobs_[0]->cpu_data();
        float* output = top[i]->mutable_cpu_data();
        caffe_set(top[i]->count(), 0.0f, output);
        for (int n = 0; n < num_; ++n) {
            const float* input = bottom[i]->cpu_data() + n * bottom_dim_;
            shape.each_kernel_row([&](int at_input, int at_kernel, int at_output) {
                add_row(shape, input + at_input, kernel + at_kernel, output + n * top_dim_ + at_output);
            });
        }
    }
}

template <>
void DeconvolutionLayer<float>::Backward_cpu(const Blobs& top, const std::vector<bool>& propagate_down,
                                             const Blobs& bottom) {
    if (!use_ours() || bias_term_ || param_propagate_down_[0] ||
        !one_kernel_a_channel(*blobs_[0], channels_, num_output_, dilation_)) {
        return backward_of_libcaffe(name, this, top, propagate_down, bottom);
    }
    for (size_t i = 0; i < top.size(); ++i) {
        if (!propagate_down[i]) continue;
        const Interpolation shape = interpolation(*bottom[i], *top[i], kernel_shape_, stride_, pad_);
        const float* kernel = blobs_[0]->cpu_data();
        float* gradient = bottom[i]->mutable_cpu_diff();
        caffe_set(bottom[i]->count(), 0.0f, gradient);
        for (int n = 0; n < num_; ++n) {
            const float* output_gradient = top[i]->cpu_diff() + n * top_dim_;
            shape.each_kernel_row([&](int at_input, int at_kernel, int at_output) {
                gather_row(shape, output_gradient + at_output, kernel + at_kernel,
                           gradient + n * bottom_dim_ + at_input);
            });
        }
    }
}

}  // namespace caffe
