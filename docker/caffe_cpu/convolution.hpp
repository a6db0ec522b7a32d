// A two-dimensional convolution of one shape by oneDNN, on operands in Caffe's plain layouts.
//
// oneDNN's fast kernels want layouts of their own, so operands are reordered where a kernel asks for it. Buffers for
// that are shared by all convolutions of a thread, since only one of them runs at a time.

#pragma once

#include <array>
#include <memory>
#include <vector>

#include <dnnl.hpp>

namespace convolution {

struct Shape {
    int images, channels, height, width, outputs, groups;
    std::array<int, 2> kernel, pad, stride, dilation;
    bool bias;

    std::array<int, 2> output_size() const {
        const std::array<int, 2> size{height, width};
        std::array<int, 2> result;
        for (int axis = 0; axis < 2; ++axis) {
            const int extent = dilation[axis] * (kernel[axis] - 1) + 1;
            result[axis] = (size[axis] + 2 * pad[axis] - extent) / stride[axis] + 1;
        }
        return result;
    }

    bool operator<(const Shape& other) const { return values() < other.values(); }

private:
    std::array<int, 15> values() const {
        return {images, channels, height, width, outputs, groups, kernel[0], kernel[1], pad[0], pad[1], stride[0],
                stride[1], dilation[0], dilation[1], bias};
    }
};

inline dnnl::engine& processor() {
    static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

inline dnnl::stream& stream() {
    static thread_local dnnl::stream stream(processor());
    return stream;
}

enum Buffer { first_buffer, second_buffer, result_buffer, buffers };

// Memory of at least `bytes` bytes, the same for each call of a thread with the same `buffer`.
inline void* shared_memory(Buffer buffer, size_t bytes) {
    static thread_local std::array<dnnl::memory, buffers> held;
    dnnl::memory& memory = held[buffer];
    if (!memory || memory.get_desc().get_size() < bytes) {
        memory = dnnl::memory();  // the smaller one goes first
        memory = dnnl::memory({{dnnl::memory::dim(bytes)}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a},
                              processor());
    }
    return memory.get_data_handle();
}

// An operand in Caffe's layout and in the layout that a kernel wants, which may be the same.
class Operand {
public:
    Operand(const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted, Buffer buffer, bool added = false)
        : plain_(plain), wanted_(wanted), buffer_(buffer), in_place_(plain == wanted && !added) {
        if (in_place_) return;
        to_wanted_ = dnnl::reorder(dnnl::reorder::primitive_desc(processor(), plain_, processor(), wanted_));
        dnnl::primitive_attr attributes;
        if (added) {
            dnnl::post_ops sum;
            sum.append_sum(1.0f);
            attributes.set_post_ops(sum);
        }
        to_plain_ = dnnl::reorder(
            dnnl::reorder::primitive_desc(processor(), wanted_, processor(), plain_, attributes));
    }

    // The operand for a kernel that reads it.
    dnnl::memory read(const float* data) const {
        dnnl::memory plain(plain_, processor(), const_cast<float*>(data));
        if (in_place_) return plain;
        dnnl::memory result = reordered();
        to_wanted_.execute(stream(), plain, result);
        return result;
    }

    // The operand for a kernel that writes it; `store` brings the result to `data`.
    dnnl::memory written(float* data) const {
        return in_place_ ? dnnl::memory(plain_, processor(), data) : reordered();
    }

    void store(dnnl::memory& result, float* data) const {
        if (in_place_) return;
        dnnl::memory plain(plain_, processor(), data);
        to_plain_.execute(stream(), result, plain);
    }

private:
    dnnl::memory reordered() const {
        return dnnl::memory(wanted_, processor(), shared_memory(buffer_, wanted_.get_size()));
    }

    dnnl::memory::desc plain_, wanted_;
    Buffer buffer_;
    bool in_place_;
    dnnl::reorder to_wanted_, to_plain_;
};

class Convolution {
public:
    explicit Convolution(const Shape& shape);

    // top = weights * bottom + bias, where there is a bias
    void forward(const float* bottom, const float* weights, const float* bias, float* top);

    // bottom_gradient = weights^T * top_gradient
    void backward_data(const float* top_gradient, const float* weights, float* bottom_gradient);

    // weights_gradient += top_gradient * bottom^T, whose sums do not depend on the number of threads
    void backward_weights(const float* bottom, const float* top_gradient, float* weights_gradient);

private:
    struct Kernel {
        dnnl::primitive primitive;
        Operand first, second, result;
    };

    const Kernel& forward_kernel();
    const Kernel& data_kernel();
    const Kernel& weights_kernel();

    dnnl::convolution_forward::primitive_desc forward_description() const;

    bool bias_;
    int pieces_;                                                      // of the outputs, for the weights' gradient
    dnnl::memory::dims stride_, dilation_, pad_;
    dnnl::memory::desc bottom_, weights_, bias_values_, top_;         // in Caffe's layouts
    dnnl::memory::desc top_piece_, weights_piece_;
    dnnl::memory::desc any_bottom_, any_weights_, any_top_;           // in the layouts that a kernel chooses
    dnnl::memory::desc any_top_piece_, any_weights_piece_;
    std::unique_ptr<Kernel> forward_, data_, for_weights_;            // made when they are first used
};

}  // namespace convolution
