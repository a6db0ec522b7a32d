#include "convolution.hpp"

#include "pieces.hpp"

namespace convolution {

using dnnl::memory;

namespace {

using Description = dnnl::memory::desc;

constexpr auto algorithm = dnnl::algorithm::convolution_direct;
constexpr auto number = memory::data_type::f32;

Description any(const memory::dims& dims) { return {dims, number, memory::format_tag::any}; }

// oneDNN's kernels for the weights' gradient do 16 outputs at a time.
constexpr int outputs_at_once = 16, most_pieces = 8;

// The number of equal pieces into which the outputs are cut.
int pieces_of(const Shape& shape) {
    if (shape.groups > 1 || shape.outputs % outputs_at_once) return 1;
    int pieces = most_pieces;
    while (shape.outputs / outputs_at_once % pieces) --pieces;
    return pieces;
}

memory::dims two(const std::array<int, 2>& values) { return {values[0], values[1]}; }

}  // namespace

Convolution::Convolution(const Shape& shape)
    : bias_(shape.bias), pieces_(pieces_of(shape)), stride_(two(shape.stride)),
      dilation_{shape.dilation[0] - 1, shape.dilation[1] - 1}, pad_(two(shape.pad)) {
    const auto output = shape.output_size();
    const memory::dims bottom{shape.images, shape.channels, shape.height, shape.width};
    memory::dims top{shape.images, shape.outputs, output[0], output[1]};
    memory::dims weights{shape.outputs, shape.channels, shape.kernel[0], shape.kernel[1]};
    auto layout = memory::format_tag::oihw;
    if (shape.groups > 1) {
        weights = {shape.groups, shape.outputs / shape.groups, shape.channels / shape.groups, shape.kernel[0],
                   shape.kernel[1]};
        layout = memory::format_tag::goihw;
    }
    bottom_ = {bottom, number, memory::format_tag::nchw};
    top_ = {top, number, memory::format_tag::nchw};
    weights_ = {weights, number, layout};
    bias_values_ = {{shape.outputs}, number, memory::format_tag::x};
    any_bottom_ = any(bottom), any_weights_ = any(weights), any_top_ = any(top);

    const memory::dim pixels = memory::dim(output[0]) * output[1];
    top[1] /= pieces_, weights[0] /= pieces_;
    top_piece_ = {top, number, memory::dims{shape.outputs * pixels, pixels, output[1], 1}};
    weights_piece_ = {weights, number, layout};
    any_top_piece_ = any(top), any_weights_piece_ = any(weights);
}

dnnl::convolution_forward::primitive_desc Convolution::forward_description() const {
    using dnnl::convolution_forward;
    const auto kind = dnnl::prop_kind::forward_training;
    const auto description =
        bias_ ? convolution_forward::desc(kind, algorithm, any_bottom_, any_weights_, bias_values_, any_top_, stride_,
                                          dilation_, pad_, pad_)
              : convolution_forward::desc(kind, algorithm, any_bottom_, any_weights_, any_top_, stride_, dilation_,
                                          pad_, pad_);
    return {description, processor()};
}

const Convolution::Kernel& Convolution::forward_kernel() {
    if (!forward_) {
        const auto chosen = forward_description();
        forward_.reset(new Kernel{dnnl::convolution_forward(chosen), {bottom_, chosen.src_desc(), first_buffer},
                                  {weights_, chosen.weights_desc(), second_buffer},
                                  {top_, chosen.dst_desc(), result_buffer}});
    }
    return *forward_;
}

const Convolution::Kernel& Convolution::data_kernel() {
    if (!data_) {
        using dnnl::convolution_backward_data;
        const convolution_backward_data::desc description(algorithm, any_bottom_, any_weights_, any_top_, stride_,
                                                          dilation_, pad_, pad_);
        const convolution_backward_data::primitive_desc chosen(description, processor(), forward_description());
        data_.reset(new Kernel{convolution_backward_data(chosen), {top_, chosen.diff_dst_desc(), first_buffer},
                               {weights_, chosen.weights_desc(), second_buffer},
                               {bottom_, chosen.diff_src_desc(), result_buffer}});
    }
    return *data_;
}

const Convolution::Kernel& Convolution::weights_kernel() {
    if (!for_weights_) {
        using dnnl::convolution_backward_weights;
        using dnnl::convolution_forward;
        const KernelsOfOneThread one_thread;
        const convolution_forward::desc forward(dnnl::prop_kind::forward_training, algorithm, any_bottom_,
                                                any_weights_piece_, any_top_piece_, stride_, dilation_, pad_, pad_);
        const convolution_backward_weights::desc description(algorithm, any_bottom_, any_weights_piece_, any_top_piece_,
                                                             stride_, dilation_, pad_, pad_);
        const convolution_backward_weights::primitive_desc chosen(description, processor(), {forward, processor()});
        for_weights_.reset(new Kernel{convolution_backward_weights(chosen), {bottom_, chosen.src_desc(), first_buffer},
                                      {top_piece_, chosen.diff_dst_desc(), second_buffer},
                                      {weights_piece_, chosen.diff_weights_desc(), result_buffer, true}});
    }
    return *for_weights_;
}

void Convolution::forward(const float* bottom, const float* weights, const float* bias, float* top) {
    const Kernel& kernel = forward_kernel();
    memory result = kernel.result.written(top);
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, kernel.first.read(bottom)},
                                              {DNNL_ARG_WEIGHTS, kernel.second.read(weights)},
                                              {DNNL_ARG_DST, result}};
    if (bias_) arguments[DNNL_ARG_BIAS] = memory(bias_values_, processor(), const_cast<float*>(bias));
    kernel.primitive.execute(stream(), arguments);
    kernel.result.store(result, top);
}

void Convolution::backward_data(const float* top_gradient, const float* weights, float* bottom_gradient) {
    const Kernel& kernel = data_kernel();
    memory result = kernel.result.written(bottom_gradient);
    kernel.primitive.execute(stream(), {{DNNL_ARG_DIFF_DST, kernel.first.read(top_gradient)},
                                        {DNNL_ARG_WEIGHTS, kernel.second.read(weights)},
                                        {DNNL_ARG_DIFF_SRC, result}});
    kernel.result.store(result, bottom_gradient);
}

void Convolution::backward_weights(const float* bottom, const float* top_gradient, float* weights_gradient) {
    const Kernel& kernel = weights_kernel();
    const memory source = kernel.first.read(bottom);
    const auto strides = top_piece_.data.format_desc.blocking.strides;
    const size_t top_length = strides[1] * top_piece_.dims()[1];
    const size_t weights_length = weights_piece_.get_size() / sizeof(float);
    for_each_piece(pieces_, [&](int piece) {
        float* gradient = weights_gradient + piece * weights_length;
        memory result = kernel.result.written(gradient);
        kernel.primitive.execute(stream(), {{DNNL_ARG_SRC, source},
                                            {DNNL_ARG_DIFF_DST, kernel.second.read(top_gradient + piece * top_length)},
                                            {DNNL_ARG_DIFF_WEIGHTS, result}});
        kernel.result.store(result, gradient);
    });
}

}  // namespace convolution
