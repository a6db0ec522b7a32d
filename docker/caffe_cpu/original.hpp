// libcaffe's own definitions of the layers that this library defines anew.

#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <caffe/blob.hpp>

namespace caffe {

using Blobs = std::vector<Blob<float>*>;

// True unless CAFFE_LAYERS=caffe in the environment asks for libcaffe's own layers.
inline bool use_ours() {
    static const char* asked = std::getenv("CAFFE_LAYERS");
    static const bool result = !asked || std::strcmp(asked, "caffe") != 0;
    return result;
}

// The function of libcaffe that the linker knows as `name`.
inline void* of_libcaffe(const std::string& name) {
    void* library = dlopen("libcaffe.so.1.0.0", RTLD_LAZY | RTLD_NOLOAD);
    CHECK(library) << "libcaffe.so.1.0.0 is not loaded";
    void* function = dlsym(library, name.c_str());
    CHECK(function) << "libcaffe.so.1.0.0 has no " << name;
    return function;
}

// libcaffe's own Forward_cpu of `layer`, by the length and name of its class as the linker spells it.
template <class Layer>
void forward_of_libcaffe(const std::string& name, Layer* layer, const Blobs& bottom, const Blobs& top) {
    static const auto function = reinterpret_cast<void (*)(Layer*, const Blobs&, const Blobs&)>(
        of_libcaffe("_ZN5caffe" + name + "IfE11Forward_cpuERKSt6vectorIPNS_4BlobIfEESaIS5_EES9_"));
    function(layer, bottom, top);
}

template <class Layer>
void backward_of_libcaffe(const std::string& name, Layer* layer, const Blobs& top,
                          const std::vector<bool>& propagate_down, const Blobs& bottom) {
    static const auto function =
        reinterpret_cast<void (*)(Layer*, const Blobs&, const std::vector<bool>&, const Blobs&)>(
            of_libcaffe("_ZN5caffe" + name + "IfE12Backward_cpuERKSt6vectorIPNS_4BlobIfEESaIS5_EERKS2_IbSaIbEES9_"));
    function(layer, top, propagate_down, bottom);
}

}  // namespace caffe
