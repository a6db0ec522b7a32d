# Caffe with CUDA, cuDNN and NCCL, built from source on top of the CPU environment. `make docker DEVICE=cuda` builds the
# CPU image first, then this one; no GPU is needed for that.

# docker/build names the CPU image.
ARG BASE
FROM $BASE AS build

# Debian's source package: Caffe 1.0 at commit 99bd997, with Debian's patches. apt checks its signature.
ARG CAFFE=1.0.0+git20180821.99bd997-8
COPY docker/cuda.packages /usr/local/share/packages
RUN sed -n 's/^deb /deb-src /p' /etc/apt/sources.list > /etc/apt/sources.list.d/source.list \
    && apt-get update \
    && sed 's/#.*//' /usr/local/share/packages | awk 'NF { print $1 "=" $2 }' \
        | DEBIAN_FRONTEND=noninteractive xargs apt-get install --yes --no-install-recommends \
            -o Dpkg::Options::=--force-unsafe-io \
    && cd /opt && apt-get source --yes caffe=$CAFFE && mv caffe-*/ caffe

# The wheels, made one toolkit folder: linking and libgpuarray ask for the libraries' names without a version.
ARG PIP_INDEX_URL=
COPY docker/cuda.requirements /usr/local/share/requirements
RUN --mount=type=secret,id=certificates \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi; \
    [ -n "$PIP_INDEX_URL" ] || unset PIP_INDEX_URL; \
    pip3 install --no-cache-dir --no-deps --require-hashes --target /opt/wheels \
        --requirement /usr/local/share/requirements \
    && mv /opt/wheels/nvidia/cu13 /opt/cuda \
    && for part in cudnn nccl; do cp -r /opt/wheels/nvidia/$part/include /opt/wheels/nvidia/$part/lib /opt/cuda/; done \
    && rm -r /opt/wheels && cd /opt/cuda/lib \
    && for library in *.so.*; do name=${library%%.so.*}.so; [ -e "$name" ] || ln -s "$library" "$name"; done \
    && ln -s lib /opt/cuda/lib64

# GPU architectures with compiled kernels (75 is Turing, 80 and 86 Ampere, 89 Ada, 90 Hopper), and the one whose
# intermediate code newer GPUs compile for themselves.
ARG GPU_ARCHITECTURES="75 80 86 89 90"
ARG PTX_ARCHITECTURE=90
ARG JOBS=
COPY docker/patches /opt/patches
RUN cd /opt/caffe && for change in /opt/patches/*.patch; do patch --strip=1 --input="$change" || exit 1; done \
    && mkdir build && cd build \
    && PATH=/opt/cuda/bin:$PATH NCCL_DIR=/opt/cuda cmake .. -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_INSTALL_PREFIX=/opt/installed -DCMAKE_INSTALL_RPATH=/usr/local/cuda/lib \
        -Dpython_version=3 -DBLAS=Open -DBUILD_docs=OFF -DBUILD_matlab=OFF -DUSE_OPENCV=OFF -DUSE_LEVELDB=OFF \
        -DCUDA_TOOLKIT_ROOT_DIR=/opt/cuda -DCUDA_USE_STATIC_CUDA_RUNTIME=OFF -DCUDNN_ROOT=/opt/cuda -DUSE_NCCL=ON \
        -DCUDA_ARCH_NAME=Manual -DCUDA_ARCH_BIN="$GPU_ARCHITECTURES" -DCUDA_ARCH_PTX="$PTX_ARCHITECTURE" \
    && make --jobs="${JOBS:-$(nproc)}" caffe pycaffe caffe.bin
RUN cd /opt/caffe/build && make install && cd /opt/installed && rm -r include share && mv lib/python3 lib/python3.9 \
    && mkdir share && echo $CAFFE > share/caffe-version \
    && /opt/cuda/bin/cuobjdump --list-elf lib/libcaffe.so | sed -n 's/.*\.\(sm_[0-9]*\)\.cubin$/\1/p' | sort -u \
        > share/caffe-architectures \
    && for one in $GPU_ARCHITECTURES; do grep -qx sm_$one share/caffe-architectures || exit 1; done \
    && cd /opt/cuda/lib && rm -r *.a *.alt.* cmake

# Debian's own Caffe goes, the libraries that it needs stay. The driver's library comes with the machine, under the one
# name; libgpuarray asks for the other.
FROM $BASE
RUN dpkg --purge --force-depends caffe python3-caffe libcaffe1 \
    && ln -s libcuda.so.1 /usr/lib/x86_64-linux-gnu/libcuda.so \
    && echo /usr/local/cuda/lib > /etc/ld.so.conf.d/cuda.conf
COPY --from=build /opt/cuda/lib /usr/local/cuda/lib
COPY --from=build /opt/installed /usr/local
RUN ldconfig
ENTRYPOINT ["tini", "--"]
