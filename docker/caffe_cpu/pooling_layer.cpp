// Caffe's PoolingLayer<float>::Forward_cpu for largest values in windows of 2 x 2 that do not overlap, as in VGG16,
// vectorised along a row. Other poolings stay libcaffe's own.

#include <cfloat>

#include <caffe/layers/pooling_layer.hpp>

#include "original.hpp"

namespace caffe {

namespace {

// Takes `value` and its place where it is larger: the first of equal ones stays, as in libcaffe.
inline void take_larger(float value, int place, float& largest, int& largest_place) {
    const bool larger = value > largest;
    largest = larger ? value : largest;
    largest_place = larger ? place : largest_place;
}

// One row of windows from two rows of `width` pixels, the first of which starts at the place `start` of its plane; with
// one row at an odd height's end, and one pixel at an odd width's.
__attribute__((target_clones("avx512f", "avx2", "default")))
void pool_rows(const float* __restrict upper, int rows, int width, int start, float* __restrict top,
               int* __restrict places) {
    const float* lower = rows == 2 ? upper + width : upper;
    const int full = width / 2;
    for (int x = 0; x < full; ++x) {
        float largest = -FLT_MAX;
        int place = -1;
        take_larger(upper[2 * x], start + 2 * x, largest, place);
        take_larger(upper[2 * x + 1], start + 2 * x + 1, largest, place);
        take_larger(lower[2 * x], start + width + 2 * x, largest, place);
        take_larger(lower[2 * x + 1], start + width + 2 * x + 1, largest, place);
        top[x] = largest;
        places[x] = place;
    }
    if (width % 2) {
        float largest = -FLT_MAX;
        int place = -1;
        take_larger(upper[width - 1], start + width - 1, largest, place);
        take_larger(lower[width - 1], start + 2 * width - 1, largest, place);
        top[full] = largest;
        places[full] = place;
    }
}

}  // namespace

template <>
void PoolingLayer<float>::Forward_cpu(const Blobs& bottom, const Blobs& top) {
    const bool ours = use_ours() && layer_param_.pooling_param().pool() == PoolingParameter_PoolMethod_MAX &&
                      top.size() == 1 && kernel_h_ == 2 && kernel_w_ == 2 && stride_h_ == 2 && stride_w_ == 2 &&
                      pad_h_ == 0 && pad_w_ == 0 &&
                      pooled_height_ == (height_ + 1) / 2 && pooled_width_ == (width_ + 1) / 2;
    if (!ours) {
        return forward_of_libcaffe("12PoolingLayer", this, bottom, top);
    }
    const float* values = bottom[0]->cpu_data();
    float* largest = top[0]->mutable_cpu_data();
    int* places = max_idx_.mutable_cpu_data();
    const int planes = bottom[0]->num() * channels_;
    for (int plane = 0; plane < planes; ++plane) {
        for (int y = 0; y < pooled_height_; ++y) {
            pool_rows(values + 2 * y * width_, std::min(2, height_ - 2 * y), width_, 2 * y * width_, largest, places);
            largest += pooled_width_, places += pooled_width_;
        }
        values += height_ * width_;
    }
}

}  // namespace caffe
