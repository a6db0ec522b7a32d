# Caffe and Theano on the CPU, for amd64. `make docker` builds it, docker/run runs commands in it.

# docker/build names another base where this one cannot be pulled and is bootstrapped instead.
ARG BASE=debian:bullseye-slim
FROM $BASE

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

ENTRYPOINT ["tini", "--"]
