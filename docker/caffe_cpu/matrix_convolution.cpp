#include "matrix_convolution.hpp"

#include <algorithm>

#include <caffe/util/im2col.hpp>
#include <cblas.h>

#include "pieces.hpp"

namespace matrix_convolution {

using convolution::Shape;

namespace {

constexpr int least_of_a_piece = 256, most_pieces = 8;

// result = left * right + kept * result, where left is (rows, inner), or (inner, rows) if it is transposed, and right
// is (inner, columns), or (columns, inner) if it is. The longer side of the result is cut into pieces.
void multiply(CBLAS_TRANSPOSE transpose_left, CBLAS_TRANSPOSE transpose_right, int rows, int columns, int inner,
              const float* left, const float* right, float kept, float* result) {
    const bool cuts_rows = rows >= columns;
    const int length = cuts_rows ? rows : columns;
    const int of_a_piece = std::max(least_of_a_piece, (length + most_pieces - 1) / most_pieces);
    const int left_stride = transpose_left == CblasTrans ? rows : inner;
    const int right_stride = transpose_right == CblasTrans ? inner : columns;
    for_each_piece((length + of_a_piece - 1) / of_a_piece, [&](int piece) {
        const size_t first = size_t(piece) * of_a_piece;
        const int here = std::min(of_a_piece, length - int(first));
        const size_t left_first = !cuts_rows ? 0 : transpose_left == CblasTrans ? first : first * inner;
        const size_t right_first = cuts_rows ? 0 : transpose_right == CblasTrans ? first * inner : first;
        cblas_sgemm(CblasRowMajor, transpose_left, transpose_right, cuts_rows ? here : rows, cuts_rows ? columns : here,
                    inner, 1, left + left_first, left_stride, right + right_first, right_stride, kept,
                    result + (cuts_rows ? first * columns : first), columns);
    });
}

struct Sizes {
    explicit Sizes(const Shape& shape)
        : pixels(shape.output_size()[0] * shape.output_size()[1]),
          column(shape.channels * shape.kernel[0] * shape.kernel[1]),
          bottom(size_t(shape.channels) * shape.height * shape.width), top(size_t(shape.outputs) * pixels),
          is_its_columns(column == shape.channels && shape.pad == std::array<int, 2>{0, 0} &&
                         shape.stride == std::array<int, 2>{1, 1}) {}

    int pixels, column;
    size_t bottom, top;    // of an image
    bool is_its_columns;   // the bottom, with kernels of one pixel
};

float* memory_for_columns(const Sizes& sizes) {
    static thread_local std::vector<float> memory;
    const size_t wanted = size_t(sizes.column) * sizes.pixels;
    if (memory.size() < wanted) memory.resize(wanted);
    return memory.data();
}

// The (column, pixels) matrix whose columns are the parts of an image under the kernel.
const float* columns(const Shape& shape, const Sizes& sizes, const float* image) {
    if (sizes.is_its_columns) return image;
    float* result = memory_for_columns(sizes);
    caffe::im2col_cpu(image, shape.channels, shape.height, shape.width, shape.kernel[0], shape.kernel[1], shape.pad[0],
                      shape.pad[1], shape.stride[0], shape.stride[1], shape.dilation[0], shape.dilation[1], result);
    return result;
}

}  // namespace

void forward(const Shape& shape, const float* bottom, const float* weights, const float* bias, float* top) {
    const Sizes sizes(shape);
    for (int n = 0; n < shape.images; ++n, bottom += sizes.bottom, top += sizes.top) {
        for (int output = 0; output < shape.outputs; ++output) {
            std::fill_n(top + size_t(output) * sizes.pixels, sizes.pixels, bias ? bias[output] : 0.0f);
        }
        multiply(CblasNoTrans, CblasNoTrans, shape.outputs, sizes.pixels, sizes.column, weights,
                 columns(shape, sizes, bottom), 1, top);
    }
}

void backward_data(const Shape& shape, const float* top_gradient, const float* weights, float* bottom_gradient) {
    const Sizes sizes(shape);
    for (int n = 0; n < shape.images; ++n, top_gradient += sizes.top, bottom_gradient += sizes.bottom) {
        float* result = sizes.is_its_columns ? bottom_gradient : memory_for_columns(sizes);
        multiply(CblasTrans, CblasNoTrans, sizes.column, sizes.pixels, shape.outputs, weights, top_gradient, 0, result);
        if (sizes.is_its_columns) continue;
        caffe::col2im_cpu(result, shape.channels, shape.height, shape.width, shape.kernel[0], shape.kernel[1],
                          shape.pad[0], shape.pad[1], shape.stride[0], shape.stride[1], shape.dilation[0],
                          shape.dilation[1], bottom_gradient);
    }
}

void backward_weights(const Shape& shape, const float* bottom, const float* top_gradient, float* weights_gradient) {
    const Sizes sizes(shape);
    for (int n = 0; n < shape.images; ++n, bottom += sizes.bottom, top_gradient += sizes.top) {
        multiply(CblasNoTrans, CblasTrans, shape.outputs, sizes.column, sizes.pixels, top_gradient,
                 columns(shape, sizes, bottom), 1, weights_gradient);
    }
}

}  // namespace matrix_convolution
