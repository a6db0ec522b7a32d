"""docker/build: which engine it takes, where the base image comes from, and when it builds."""

import pytest

from tests.docker.fakes import check_sentence, values

PODMAN_REFUSES = "echo 'setrlimit: Operation not permitted' >&2; false"


def test_first_working_engine_is_taken(machine):
    for engine in ("docker", "podman", "buildah"):
        machine.add_engine(engine, pull="true")
    assert machine.docker_build().returncode == 0
    assert machine.calls("docker", "build") and not machine.calls("podman", "build")


def test_docker_without_daemon_is_passed_over(machine):
    machine.add("docker", "exit 1")
    machine.add_engine("podman", pull="true")
    assert machine.docker_build().returncode == 0
    assert machine.calls("podman", "build") and not machine.calls("docker", "build")


def test_podman_that_cannot_start_containers_is_passed_over(machine):
    machine.add_engine("podman", pull="true", run=PODMAN_REFUSES)
    machine.add_engine("buildah", pull="true")
    done = machine.docker_build()
    assert done.returncode == 0
    assert "setrlimit: Operation not permitted" in done.stdout
    assert machine.calls("buildah", "bud") and not machine.calls("podman", "build")


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_engine_can_be_forced(machine, engine):
    for name in ("docker", "podman", "buildah"):
        machine.add_engine(name, pull="true")
    assert machine.docker_build(ENGINE=engine).returncode == 0
    assert machine.calls(engine, "bud" if engine == "buildah" else "build")
    assert {call[0] for call in machine.calls()} <= {engine, "id"}


@pytest.mark.parametrize("engine", ["docker", "podman", "buildah"])
def test_forced_engine_that_is_missing(machine, engine):
    others = {"docker", "podman", "buildah"} - {engine}
    for name in others:
        machine.add_engine(name, pull="true")
    check_sentence(machine.docker_build(ENGINE=engine), f"ENGINE is {engine}")
    assert machine.images() == []


def test_unknown_engine(machine):
    check_sentence(machine.docker_build(ENGINE="lxc"), "'lxc'", "docker, podman and buildah")


def test_unknown_device(machine):
    machine.add_engine("docker")
    check_sentence(machine.docker_build(DEVICE="abacus"), "'abacus'", "DEVICE=cpu")


def test_second_call_does_not_build(built):
    done = built.docker_build()
    assert done.returncode == 0 and "up to date" in done.stdout
    assert len(built.calls("docker", "build")) == 1


@pytest.mark.parametrize("name", ["cpu.Dockerfile", "cpu.packages", "cpu.build-packages", "cpu.requirements",
                                  "caffe_cpu/convolution.cpp"])
def test_changed_recipe_builds_another_image(built, name):
    with open(built.repository / "docker" / name, "a") as recipe:
        recipe.write("# changed\n")
    assert built.docker_build().returncode == 0
    tags = [values(call, "--tag")[0] for call in built.calls("docker", "build")]
    assert len(tags) == 2 and len(set(tags)) == 2


def test_base_is_pulled_where_possible(machine):
    machine.add_engine("docker", pull="true")
    machine.add("mmdebstrap")
    machine.docker_build()
    call, = machine.calls("docker", "build")
    assert "BASE=debian:bullseye-slim" in values(call, "--build-arg")
    assert not machine.calls("mmdebstrap")


@pytest.mark.parametrize("engine, taken_in", [("docker", "import"), ("podman", "import"), ("buildah", "add")])
def test_base_is_bootstrapped_where_it_cannot_be_pulled(machine, engine, taken_in):
    machine.add_engine(engine)
    machine.add("mmdebstrap")
    assert machine.docker_build(MIRROR="http://mirror.example/debian").returncode == 0
    bootstrap, = machine.calls("mmdebstrap")
    assert bootstrap[-1] == "http://mirror.example/debian" and "bullseye" in bootstrap
    assert machine.calls(engine, taken_in)
    build, = machine.calls(engine, "bud" if engine == "buildah" else "build")
    arguments = {"BASE=hybrid-cnn-crf-base:bullseye", "MIRROR=http://mirror.example/debian"}
    assert arguments <= set(values(build, "--build-arg"))


@pytest.mark.parametrize("name", ["cuda.Dockerfile", "cuda.packages", "patches/cudnn-9.patch", "cpu.packages"])
def test_cuda_image_is_built_on_the_cpu_image(built, name):
    assert built.docker_build(DEVICE="cuda", GPU_ARCHITECTURES="90", JOBS="3").returncode == 0
    cpu, cuda = built.calls("docker", "build")
    assert values(cuda, "--tag")[0].startswith("hybrid-cnn-crf:cuda-")
    assert {f"BASE={values(cpu, '--tag')[0]}", "GPU_ARCHITECTURES=90", "JOBS=3"} == set(values(cuda, "--build-arg"))
    with open(built.repository / "docker" / name, "a") as recipe:
        recipe.write("# changed\n")
    assert built.docker_build(DEVICE="cuda").returncode == 0
    again = built.calls("docker", "build")[-1]
    assert built.docker_build(DEVICE="cuda", GPU_ARCHITECTURES="75").returncode == 0
    assert values(built.calls("docker", "build")[-1], "--tag") != values(again, "--tag")
    assert values(again, "--tag")[0].startswith("hybrid-cnn-crf:cuda-")
    assert values(again, "--tag") != values(cuda, "--tag")


def test_package_index_and_certificates_reach_the_build(machine, tmp_path):
    authorities = tmp_path / "authorities.pem"
    authorities.write_text("a company's own")
    machine.add_engine("docker", pull="true")
    machine.docker_build(PIP_INDEX_URL="http://index.example/simple", PIP_CERT=str(authorities))
    build, = machine.calls("docker", "build")
    assert "PIP_INDEX_URL=http://index.example/simple" in values(build, "--build-arg")
    assert values(build, "--secret") == [f"id=certificates,src={authorities}"]


def test_neither_base_nor_mmdebstrap(machine):
    machine.add_engine("docker")
    check_sentence(machine.docker_build(), "mmdebstrap", "install")
    assert machine.images() == []


def test_failed_build_leaves_no_image_and_shows_the_log(machine):
    machine.add_engine("docker", pull="true", build="echo 'E: Version was not found' && false")
    done = machine.docker_build()
    assert done.returncode != 0
    assert "E: Version was not found" in done.stderr and "MIRROR=" in done.stderr.splitlines()[-1]
    check_sentence(machine.docker_run("true"), "make docker")


def test_no_engine_for_an_ordinary_user(machine):
    machine.add("apt-get")
    check_sentence(machine.docker_build(), "install Docker")
    assert not machine.calls("apt-get")


def test_no_engine_for_root_installs_buildah(machine):
    machine.become(0, "root")
    machine.add_engine("installed-buildah", pull="true")
    machine.add("apt-get", '[ "$1" != install ] || ln -sf installed-buildah "${0%/*}/buildah"')
    done = machine.docker_build()
    assert done.returncode == 0 and "installing buildah and mmdebstrap" in done.stdout
    install, = machine.calls("apt-get", "install")
    assert {"buildah", "mmdebstrap"} <= set(install)


def test_nothing_to_build_inside_the_environment(machine):
    machine.add("python3", "exit 0")
    machine.add_engine("docker")
    assert machine.docker_build().returncode == 0
    assert not machine.calls("docker")


def test_two_calls_at_once_build_once(machine):
    machine.add_engine("docker", pull="true", build="sleep 1")
    done = machine.run("bash", "-c", "docker/build & docker/build & wait -n && wait -n")
    assert done.returncode == 0
    assert len(machine.calls("docker", "build")) == 1
