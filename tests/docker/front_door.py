"""A repository in which `make` notes the steps that it would take, for tests of the Makefile."""

import shutil

from prototxt.stages import STAGES
from tests.docker.fakes import REPOSITORY

STEPS = ["lmdb", "nets", *STAGES, "evaluate", "report"]
# Notes each step in the file `steps`, and makes what the real one makes.
RUN = """#!/bin/sh
make_files() { for file; do mkdir -p "${file%/*}"; touch "$file"; done; }
module=$3
while [ $# -gt 0 ]; do
    case $1 in
        --output) build=${2%/lmdb};;
        --build) build=$2;;
        --config) config=$2;;
        --row) stage=$2;;
        --stage) case $2 in [0-9]) stage=stage$2;; *) stage=$2;; esac;;
    esac
    shift
done
case $module in
    data_prep) echo lmdb; make_files "$build/lmdb/dataset.json";;
    experiments.generate_nets)
        echo nets; for stage in STAGES; do make_files "$build/nets/$stage/solver.prototxt"; done
        cat "$config" > "$build/nets/config.yaml";;
    experiments.train) echo "$stage"; make_files "$build/$stage/final.caffemodel";;
    experiments.evaluate) echo evaluate; make_files "$build/evaluation-val.json";;
    experiments.report) echo report;;
    experiments.study) echo study;;
    experiments.study_report) echo study-report;;
    experiments.official_evaluation) echo official-evaluation;;
    experiments.submission) echo submission;;
    experiments.grid_search) echo grid-search;;
    data_prep.vgg16) echo weights; make_files "$PWD/build/weights/vgg16.caffemodel";;
esac >> steps
""".replace("STAGES", " ".join(STAGES))


def install(machine):
    """Give a machine the Makefile and configurations; docker/build has nothing to do, docker/run is `RUN`."""
    shutil.copy(REPOSITORY / "Makefile", machine.repository)
    configs = machine.repository / "experiments" / "configs"
    configs.mkdir(parents=True)
    for dataset in ("scenes", "camvid"):
        (configs / f"{dataset}.yaml").touch()
    (machine.repository / "docker" / "build").write_text("#!/bin/sh\n")
    (machine.repository / "docker" / "run").write_text(RUN)


def steps(machine, *words, **variables):
    """Names of the steps that `make` takes, in order."""
    log = machine.repository / "steps"
    log.write_text("")
    done = machine.run("make", *words, **variables)
    assert done.returncode == 0, done.stderr
    return log.read_text().split()


def finish(machine, *names, dataset="scenes"):
    """Create the files that these steps make, in this order."""
    for name in names:
        build = machine.repository / "build" / dataset
        paths = {"lmdb": ["lmdb/dataset.json"], "nets": [f"nets/{stage}/solver.prototxt" for stage in STAGES],
                 "evaluate": ["evaluation-val.json"]}.get(name, [f"{name}/final.caffemodel"])
        for path in paths:
            (build / path).parent.mkdir(parents=True, exist_ok=True)
            (build / path).touch()
        if name == "nets":
            config = machine.repository / "experiments" / "configs" / f"{dataset}.yaml"
            shutil.copy(config, build / "nets" / "config.yaml")
