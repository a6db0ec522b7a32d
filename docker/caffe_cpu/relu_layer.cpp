// Caffe's ReLULayer<float>::Backward_cpu without branches, so that it is vectorised.

#include <caffe/layers/relu_layer.hpp>

#include "original.hpp"

namespace caffe {

template <>
void ReLULayer<float>::Backward_cpu(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) {
    if (!use_ours()) {
        return backward_of_libcaffe("9ReLULayer", this, top, propagate_down, bottom);
    }
    if (!propagate_down[0]) return;
    const float* values = bottom[0]->cpu_data();
    const float* gradient = top[0]->cpu_diff();
    float* result = bottom[0]->mutable_cpu_diff();
    const float slope = layer_param_.relu_param().negative_slope();
    const int count = bottom[0]->count();
    for (int i = 0; i < count; ++i) result[i] = gradient[i] * (values[i] > 0 ? 1.0f : slope);
}

}  // namespace caffe
