# shellcheck shell=bash
# Settings, the image's name, and questions to the container engines, for docker/build, docker/bundle and docker/run.
# Sourced by bash. Settings, from environment variables:
#
#   ENGINE   docker, podman or buildah; if not set, the first that works
#   DEVICE   which Dockerfile, docker/<device>.Dockerfile; cpu if not set

repository=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
device=${DEVICE:-cpu}

fail() {
    echo "error: $*" >&2
    exit 1
}

check_settings() {
    case ${ENGINE:-} in
        '' | docker | podman | buildah) ;;
        *) fail "ENGINE is '$ENGINE'; allowed are docker, podman and buildah, or nothing for the first that works" ;;
    esac
    [ -f "$repository/docker/$device.Dockerfile" ] ||
        fail "DEVICE is '$device', but there is no docker/$device.Dockerfile; use DEVICE=cpu or DEVICE=cuda"
    [[ ${GPU:-0} =~ ^([0-9]+|none)$ ]] || fail "GPU is '$GPU'; allowed are a GPU's number, from 0, and none"
    if [ -n "${ENGINE:-}" ] && ! engine_works "$ENGINE"; then
        [ "$ENGINE" != docker ] || fail "ENGINE is docker, but no Docker daemon answers; start it or leave ENGINE out"
        fail "ENGINE is $ENGINE, which is not installed here or does not work; install it or leave ENGINE out"
    fi
}

# Whether Caffe and Theano are here already, so that no container is needed. ENGINE asks for one nevertheless.
inside_environment() {
    [ -z "${ENGINE:-}" ] && command -v python3 >/dev/null && (cd "$repository" && python3 - 2>/dev/null) <<'PYTHON'
import importlib.util
import sys

specs = [importlib.util.find_spec(name) for name in ("caffe", "theano")]
sys.exit(0 if all(spec and spec.origin for spec in specs) else 1)
PYTHON
}

# Prints the name of the image for the device $1. The name changes, so that the image is built anew, with the Dockerfile,
# its lists and the GPUs that it is for; with those of the CPU also for the other devices, whose images start from it.
image_name() {
    local hash files settings=""
    files=("$repository/docker/cpu".* "$repository/docker/caffe_cpu/"*)
    if [ "$1" != cpu ]; then
        files+=("$repository/docker/$1".* "$repository/docker/patches/"*)
        settings="${GPU_ARCHITECTURES:-} ${PTX_ARCHITECTURE:-}"
    fi
    hash=$({ cat "${files[@]}" && echo -n "$settings"; } | sha256sum)
    echo "hybrid-cnn-crf:$1-${hash:0:12}"
}

# Prints the path of the file in which docker/build notes, for docker/run, which engine holds the image $1.
engine_record() {
    echo "$repository/build/docker/${1#*:}"
}

engine_works() {
    command -v "$1" >/dev/null && case $1 in
        docker) docker_security >/dev/null ;;
        *) "$1" info >/dev/null 2>&1 ;;
    esac
}

# Prints the security options of the Docker daemon; fails where none answers.
docker_security() {
    docker info --format '{{.SecurityOptions}}' 2>/dev/null
}

image_exists() {
    case $1 in
        buildah) buildah inspect --type image "$2" ;;
        *) "$1" image inspect "$2" ;;
    esac >/dev/null 2>&1
}

# Sets `podman_limits` to options for `podman run`. As root Podman asks for more open files and processes than this
# process may have, which it cannot get inside many containers and virtual machines.
# shellcheck disable=SC2034 # docker/build and docker/run use it
set_podman_limits() {
    local files processes
    podman_limits=()
    files=$(ulimit -Hn) processes=$(ulimit -Hu)
    if [ "$(id -u)" = 0 ] && [ "$files" != unlimited ]; then
        [ "$processes" != unlimited ] && [ "$processes" -lt 32768 ] || processes=32768
        podman_limits=(--ulimit "nofile=$files:$files" --ulimit "nproc=$processes:$processes")
    fi
}
