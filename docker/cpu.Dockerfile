# Caffe and Theano on the CPU, for amd64. `make docker` builds it, docker/run runs commands in it.

# docker/build names another base where this one cannot be pulled and is bootstrapped instead.
ARG BASE=debian:bullseye-slim
FROM $BASE AS environment

# Another Debian mirror. Bullseye is at the end of its support: when the usual mirrors drop it, Debian's archive
# and its snapshots hold it, with package lists whose date of validity has passed.
ARG MIRROR=
RUN if [ -n "$MIRROR" ]; then \
        security=$(echo "$MIRROR" | sed -E 's|/debian(/\|$)|/debian-security\1|'); \
        printf 'deb %s bullseye main\ndeb %s bullseye-security main\n' "$MIRROR" "$security" \
            > /etc/apt/sources.list; \
        echo 'Acquire::Check-Valid-Until "false";' > /etc/apt/apt.conf.d/mirror; \
    fi

# Without fsync after each file: an interrupted build is thrown away as a whole.
COPY docker/cpu.packages /usr/local/share/packages
RUN apt-get update \
    && sed 's/#.*//' /usr/local/share/packages | awk 'NF { print $1 "=" $2 }' \
        | DEBIAN_FRONTEND=noninteractive xargs apt-get install --yes --no-install-recommends \
            -o Dpkg::Options::=--force-unsafe-io \
    && rm -rf /var/lib/apt/lists/*

# The Python package index is pip's default or PIP_INDEX_URL. Where the network signs TLS with an authority of its own,
# docker/build lends the host's certificates to this step; they do not stay in the image. Intel's own OpenCL loader
# goes, Debian's finds the runtime by the file in /etc/OpenCL.
ARG PIP_INDEX_URL=
COPY docker/cpu.requirements /usr/local/share/requirements
RUN --mount=type=secret,id=certificates \
    if [ -s /run/secrets/certificates ]; then export PIP_CERT=/run/secrets/certificates; fi; \
    [ -n "$PIP_INDEX_URL" ] || unset PIP_INDEX_URL; \
    pip3 install --no-cache-dir --no-deps --no-build-isolation --require-hashes \
        --requirement /usr/local/share/requirements \
    && rm -f /usr/local/lib/libOpenCL.so* \
    && mkdir -p /etc/OpenCL/vendors && echo /usr/local/lib/libintelocl.so > /etc/OpenCL/vendors/intel.icd \
    && ldconfig

# Caffe's convolutions by oneDNN, twice as fast as Caffe's own, and its pooling and interpolation vectorised. Debian's
# caffe.pb.h was made by another patch release of protobuf, two of whose names differ.
FROM environment AS caffe_cpu
COPY docker/cpu.build-packages /opt/packages
RUN apt-get update \
    && sed 's/#.*//' /opt/packages | awk 'NF { print $1 "=" $2 }' \
        | DEBIAN_FRONTEND=noninteractive xargs apt-get install --yes --no-install-recommends \
            -o Dpkg::Options::=--force-unsafe-io
COPY docker/caffe_cpu /opt/caffe_cpu
RUN cd /opt/caffe_cpu && mkdir --parents include/caffe/proto lib \
    && sed 's/AuxiliaryParseTableField/AuxillaryParseTableField/g; s/::PROTOBUF_NAMESPACE_ID::ConstStringParam/const std::string\&/g' \
        /usr/include/caffe/proto/caffe.pb.h > include/caffe/proto/caffe.pb.h \
    && g++ -std=c++14 -O3 -fno-math-errno -fno-trapping-math -fopenmp -fPIC -shared \
        -Wall -Wextra -Wno-unused-parameter -Werror -DCPU_ONLY -Iinclude -isystem /usr/include/hdf5/serial *.cpp \
        -o lib/libcaffe-cpu.so -ldnnl -lcaffe -lopenblas -ldl
# The tool and pycaffe load it before libcaffe, so that its definitions come first.
RUN cd /opt/caffe_cpu && cp /usr/lib/python3/dist-packages/caffe/_caffe.*.so /usr/bin/caffe . \
    && for file in _caffe.*.so caffe; do patchelf --add-needed libcaffe-cpu.so $file; done

FROM environment
COPY --from=caffe_cpu /opt/caffe_cpu/lib/libcaffe-cpu.so /usr/local/lib/
COPY --from=caffe_cpu /opt/caffe_cpu/_caffe.*.so /usr/lib/python3/dist-packages/caffe/
COPY --from=caffe_cpu /opt/caffe_cpu/caffe /usr/bin/
RUN ldconfig
ENTRYPOINT ["tini", "--"]
