# The front door: `make` lists what there is. What a target makes lies below build/<dataset>, and what is finished
# is not done again: to make something anew, remove it and what comes after it.

DATASET ?= scenes
CONFIG ?= experiments/configs/$(DATASET).yaml
BUILD ?= build/$(DATASET)
# camvid-...: CamVid with one of its drives left out of train, the split that decides first
SPLIT ?= $(if $(filter camvid-%,$(DATASET)),drive val,val)
export CITYSCAPES CAMVID FRANKFURT MRF ENGINE MIRROR PIP_INDEX_URL DEVICE GPU GPU_ARCHITECTURES PTX_ARCHITECTURE JOBS NP HOSTS MPI_ARGS

# with a network where machines work together, see docker/run
RUN = $(if $(HOSTS),NETWORK=host )docker/run
EXPERIMENT = --config $(CONFIG) --build $(BUILD)

CAMVID_DATASETS = camvid camvid-drive camvid-dusk camvid-town
# where a dataset that is not drawn lies
FOLDER = $(if $(filter $(CAMVID_DATASETS),$(DATASET)),CAMVID,$(if $(filter cityscapes,$(DATASET)),CITYSCAPES))

STAGES = stage1 stage2 stage3 stage4 control
LMDB = $(BUILD)/lmdb/dataset.json
TENSORFLOW = build/tensorflow
SOLVERS = $(STAGES:%=$(BUILD)/nets/%/solver.prototxt)
# Whatever its date, another configuration than the nets' has other nets.
OTHER_NETS = $(shell [ "$$(cat $(CONFIG) 2>/dev/null)" = "$$(cat $(BUILD)/nets/config.yaml 2>/dev/null)" ] || echo nets-of-another-configuration)
WEIGHTS = $(STAGES:%=$(BUILD)/%/final.caffemodel)
SCORED = $(filter-out %/stage1/final.caffemodel %/stage2/final.caffemodel,$(WEIGHTS))
EVALUATION = $(SPLIT:%=$(BUILD)/evaluation-%.json)
# Variants of stages that were trained for further rows: newer than an evaluation, they are scored before the report.
TRAINED_VARIANTS = $(filter-out $(WEIGHTS),$(wildcard $(BUILD)/*/final.caffemodel) $(if $(filter demo,$(MAKECMDGOALS)),$(if $(HAS_BEST),$(BEST))))
BEST = $(BUILD)/best/final.caffemodel
HAS_BEST = $(shell grep -s '^best:' $(CONFIG))
# Drawn scenes cost nothing: a study draws more of them to score.
STUDY_LMDB = $(if $(filter scenes,$(DATASET)),$(BUILD)/study/lmdb/dataset.json,$(LMDB))
# without quotes (\042, \047); none where YAML has nothing there, or a comment (\043)
INITIAL_WEIGHTS = $(shell awk '$$1 == "initial_weights:" && $$2 !~ /^(null|~|\043.*)?$$/ { gsub(/[\042\047]/, "", $$2); print $$2 }' $(CONFIG) 2>/dev/null)
comma = ,
fail = { echo 'error: $1' >&2; exit 1; }

.DELETE_ON_ERROR:
.PHONY: help docker bundle demo test test-full-size test-faults test-fuzz test-sanitize test-engines test-cuda-image test-gpu audit measure-steps lint lmdb nets $(OTHER_NETS) \
	train train-joint train-control train-best train-row study study-report evaluate predict official-evaluation submission grid-search report \
	bench bench-scaling bench-training bench-gpu weights prototxts clean distclean dataset-folder best-settings $(STAGES:stage%=train-stage%)

help:  ## list the targets (what `make` alone does too)
	@echo 'make TARGET [VARIABLE=VALUE...]'
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-19s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@awk -F '## ' '/^## / { print "  " $$2 }' $(firstword $(MAKEFILE_LIST))

## DATASET       scenes (drawn, the default), camvid, camvid-drive, camvid-dusk, camvid-town or cityscapes
## CAMVID        folder of CamVid
## CITYSCAPES    folder of Cityscapes
## FRANKFURT     folder of half.npz, a frame with class probabilities, for bench and test
## MRF           folder of tsukuba.npz and triplepoint.npz, published problems, for bench and test
## SPLIT         what is evaluated (val; camvid-...: drive val)
## CONFIG        the experiment (experiments/configs/<dataset>.yaml)
## BUILD         where it is made (build/<dataset>)
## VGG16         a copy of VGG_ILSVRC_16_layers.caffemodel, for weights where it cannot be downloaded
## PYTEST_ARGS   options of pytest, for test
## LMDB_ARGS     options of data_prep, for lmdb, such as --count train=40 val=10
## GRID_ARGS     options of experiments.grid_search, such as --write and --method dense
## IMAGES        photographs, for predict
## PREDICT_ARGS  options of experiments.predict, such as --row cnn+crf
## SUBMIT_ARGS   options of experiments.submission, such as --row cnn
## ROW           a row of results, for train-row; its weights are trained
## ROWS, SEEDS   rows and seeds of a study, such as ROWS=cnn+crf,joint SEEDS=0,1,2 (those of the paper's claim, 0,1,2,3,4);
##               of evaluate, rows that it and the report show beside, from then on
## BENCH_ARGS    options of benchmarks.crf or benchmarks.gpu, such as --parts accuracy
## SCALING_ARGS  options of benchmarks.scaling, such as --stage stage3
## TRAINING_ARGS options of benchmarks.training, such as --datasets camvid
## FUZZ_ARGS     options of tests.fuzz, such as --seed 7, and targets
## MEASURE_ARGS  options of benchmarks.caffe_steps, such as --stages stage4
## NP            processes that train, evaluate, label or search together, over MPI (as many as cores and images allow);
##               of a study, runs at once (one per core)
## HOSTS         machines and how many of them each runs, such as a:2,b:2 (this machine)
## MPI_ARGS      options of mpirun, such as --mca btl_tcp_if_include eth0
## ENGINE        docker, podman or buildah (the first that works)
## MIRROR        a Debian mirror that carries Debian 11
## PIP_INDEX_URL a Python package index (pip's default)
## DEVICE, GPU   where nets run: cpu (the default), or cuda and the number of the GPU (0)
## JOBS          compilers at once for the CUDA image (as many as cores)
## GPU_ARCHITECTURES  GPUs that the CUDA image has kernels for (75 80 86 89 90)

docker:  ## build the environment's image, unless it is there
	@docker/build

bundle:  ## the environment with CUDA as an archive, for machines without containers (DEVICE=cpu: without CUDA)
	@docker/bundle

demo: train $(if $(HAS_BEST),train-best) report  ## environment, drawn scenes, four short stages, the best settings, evaluation, report

test: docker  ## the tests
	$(RUN) python3 -m pytest $(PYTEST_ARGS)

test-full-size: docker  ## tests at the paper's own sizes: 12 GB of memory
	$(RUN) python3 -m pytest tests/full_size $(PYTEST_ARGS)

test-faults: test-fuzz test-sanitize | docker  ## kills, signals, full disks and other faults, a line each, fuzzing and sanitizers: up to 40 minutes
	$(RUN) python3 -m pytest -q tests/faults $(PYTEST_ARGS)

test-fuzz: docker  ## a million inputs for what reads files and for the CRF's functions, a line per target
	$(RUN) python3 -m tests.fuzz $(FUZZ_ARGS)

test-engines:  ## Docker and Podman for real, two machines with faults between them, a line each (root, Debian; 25 minutes)
	tests/engines/run $(PYTEST_ARGS)

test-sanitize: docker  ## the CRF's C++ under AddressSanitizer and UndefinedBehaviorSanitizer
	$(RUN) python3 -m tests.sanitize

audit: docker  ## look up known vulnerabilities of everything in the image
	NETWORK=default $(RUN) python3 -m tests.audit

test-cuda-image:  ## build the CUDA image and its archive, and test them as far as that goes without a GPU
	DEVICE=cuda docker/build
	DEVICE=cuda GPU=none $(RUN) python3 -m pytest tests/docker/test_cuda_image.py $(PYTEST_ARGS)
	DEVICE=cuda docker/bundle
	DEVICE=cuda GPU=none $(RUN) python3 -m tarfile -e build/bundle/hybrid-cnn-crf-cuda.tar.xz build/bundle
	DEVICE=cuda GPU=none $(RUN) build/bundle/hybrid-cnn-crf-cuda/run \
		python3 -m pytest tests/docker/test_bundle_runs.py $(PYTEST_ARGS)

lint: docker  ## flake8, and shellcheck for the shell scripts
	$(RUN) python3 -m flake8
	$(RUN) shellcheck --external-sources docker/build docker/bundle docker/run docker/enter docker/engine.sh \
		docker/bundling/run docker/bundling/g++ tests/engines/run .ci/run

lmdb: $(LMDB)  ## the dataset as LMDBs, one per split

weights: build/weights/vgg16.caffemodel  ## VGG16's weights, downloaded and made fully convolutional

nets: $(SOLVERS)  ## the nets and solvers of all stages

measure-steps: docker  ## seconds and peak memory of an iteration of each stage of the paper's experiment
	$(RUN) python3 -m benchmarks.caffe_steps --config experiments/configs/cityscapes.yaml $(MEASURE_ARGS)

prototxts: | docker  ## the committed nets and solvers for Cityscapes, written anew
	WRITABLE=prototxt/cityscapes $(RUN) python3 -m experiments.generate_nets --config experiments/configs/cityscapes.yaml --nominal \
		--nets prototxt/cityscapes

train-stage1: $(BUILD)/stage1/final.caffemodel  ## FCN-32s

train-stage2: $(BUILD)/stage2/final.caffemodel  ## FCN-16s, from stage 1

train-stage3: $(BUILD)/stage3/final.caffemodel  ## FCN-8s, from stage 2

train-stage4: $(BUILD)/stage4/final.caffemodel  ## CNN and CRF jointly, from stage 3

train-joint: train-stage4  ## the same as train-stage4

train-control: $(BUILD)/control/final.caffemodel  ## the CNN alone, from stage 3, for as many iterations as stage 4

train-best: best-settings $(BEST)  ## CNN and CRF jointly, from stage 3, with the settings under `best` in the configuration

train: $(WEIGHTS)  ## all stages and the control

train-row: $(SOLVERS) | $(INITIAL_WEIGHTS) docker  ## train what a row of results needs, such as ROW=control-x3
	@$(if $(ROW),:,$(call fail,ROW is not set; name a row of results: ROW=control-x3))
	$(RUN) python3 -m experiments.train $(EXPERIMENT) --row "$(ROW)"

study: $(CONFIG) $(STUDY_LMDB) | $(INITIAL_WEIGHTS) docker  ## train and score rows of results for several seeds
	$(RUN) python3 -m experiments.study $(EXPERIMENT) --split $(SPLIT) $(if $(SEEDS),--seeds $(subst $(comma), ,$(SEEDS))) \
		$(if $(ROWS),--rows $(subst $(comma), ,$(ROWS))) $(if $(NP),--processes "$(NP)") \
		$(if $(HOSTS),--hosts "$(HOSTS)") $(if $(MPI_ARGS),--mpirun="$(MPI_ARGS)")

study-report: | docker  ## a study's seeds, differences and classes as a page
	$(RUN) python3 -m experiments.study_report $(EXPERIMENT) --split $(SPLIT)

evaluate: $(SCORED) $(BUILD)/nets/stage4/solver.prototxt | docker  ## score CNN, CNN + CRF, joint, control, and further rows that are trained
	$(RUN) python3 -m experiments.evaluate $(EXPERIMENT) --split $(SPLIT)$(if $(ROWS), --rows $(subst $(comma), ,$(ROWS)))

predict: $(if $(wildcard $(LMDB)),$(SOLVERS)) | docker  ## segment the photographs IMAGES by the best model that is trained
	@$(if $(IMAGES),:,$(call fail,IMAGES is not set; name photographs: IMAGES="a.jpg b.jpg"))
	$(RUN) python3 -m experiments.predict $(EXPERIMENT) $(PREDICT_ARGS) $(IMAGES)

official-evaluation: $(SCORED) $(BUILD)/nets/stage4/solver.prototxt | docker  ## the same rows at full resolution, by cityscapesscripts
	$(RUN) python3 -m experiments.official_evaluation $(EXPERIMENT) --split $(firstword $(SPLIT)) --root "$(CITYSCAPES)"

submission: $(BUILD)/stage4/final.caffemodel $(BUILD)/nets/stage4/solver.prototxt | docker  ## the archive for Cityscapes' test server
	$(RUN) python3 -m experiments.submission $(EXPERIMENT) --root "$(CITYSCAPES)" $(SUBMIT_ARGS)

grid-search: $(BUILD)/stage3/final.caffemodel $(BUILD)/nets/stage3/solver.prototxt | docker  ## the CRF's best parameters on SPLIT's first
	$(if $(filter --write,$(GRID_ARGS)),WRITABLE="$(dir $(CONFIG))") \
		$(RUN) python3 -m experiments.grid_search $(EXPERIMENT) --split $(firstword $(SPLIT)) $(GRID_ARGS)

report: $(EVALUATION) | docker  ## the scores, curves and pictures as a page
	$(RUN) python3 -m experiments.report $(EXPERIMENT) --split $(SPLIT)

bench: docker  ## time, energy and memory of the CRF's solver beside other methods (30 minutes)
	$(RUN) python3 -m benchmarks.crf $(if $(FRANKFURT),--frame "$(FRANKFURT)") $(if $(MRF),--published "$(MRF)") $(BENCH_ARGS)

bench-scaling: $(SOLVERS) | docker  ## time of an iteration on one and two processes, and what many GPUs would share
	$(RUN) python3 -m benchmarks.scaling $(EXPERIMENT) $(SCALING_ARGS)

bench-training: $(TENSORFLOW)/ready | docker  ## time of a training iteration on all cores, beside TensorFlow's (half an hour)
	$(RUN) python3 -m benchmarks.training --tensorflow $(TENSORFLOW)/packages $(TRAINING_ARGS)

# Into the build folder, not into the image: nothing else needs it. A network may sign TLS with an authority of its own.
$(TENSORFLOW)/ready: benchmarks/tensorflow.requirements | docker
	rm -rf $(TENSORFLOW) && mkdir -p $(TENSORFLOW)
	cat "$(or $(PIP_CERT),/etc/ssl/certs/ca-certificates.crt)" > $(TENSORFLOW)/certificates
	$(RUN) pip3 install --quiet --no-deps --require-hashes --cert=$(TENSORFLOW)/certificates $(if $(PIP_INDEX_URL),--index-url "$(PIP_INDEX_URL)") \
		--target $(TENSORFLOW)/packages --requirement $<
	touch $@

# On a machine with a GPU; GPU is its number.
test-gpu bench-gpu: export DEVICE = cuda

test-gpu: docker  ## on a GPU: Caffe's nets, cuDNN, the CRF and a joint step against the CPU and brute force
	$(RUN) python3 -m experiments.check_environment
	$(RUN) env TEST_DEVICE=cuda$(or $(GPU),0) python3 -m pytest tests/theano_crf/test_gpu.py tests/gpu $(PYTEST_ARGS)

bench-gpu: docker  ## on a GPU: time of the CRF's solver against its memory's, FCN-8s, the CRF's share of a joint step
	$(RUN) python3 -m benchmarks.gpu $(BENCH_ARGS)

clean:  ## remove what was made of DATASET, trained weights included
	rm -rf $(BUILD)

distclean:  ## remove everything that was made; the image stays
	rm -rf build

# data_prep writes dataset.json last. What draws the scenes may have changed: data_prep then looks at its version.
$(LMDB): $(if $(filter scenes,$(DATASET)),$(wildcard data_prep/scenes/__init__.py)) | $(if $(wildcard $(LMDB)),,dataset-folder) docker
	$(RUN) python3 -m data_prep --dataset $(DATASET) --output $(BUILD)/lmdb $(if $(FOLDER),--root "$($(FOLDER))") $(LMDB_ARGS)

$(BUILD)/study/lmdb/dataset.json: $(wildcard data_prep/scenes/__init__.py) | docker
	$(RUN) python3 -m data_prep --dataset $(DATASET) --output $(BUILD)/study/lmdb --count val=500 $(LMDB_ARGS)

dataset-folder:
	@$(if $(FOLDER),$(if $($(FOLDER)),:,$(call fail,$(FOLDER) is not set; name the folder of the dataset \
	$(DATASET): $(FOLDER)=<folder>)),:)

best-settings:
	@$(if $(HAS_BEST),:,$(call fail,$(CONFIG) has nothing under best; write there what differs from joint training))

build/weights/vgg16.caffemodel: | docker
	NETWORK=default $(RUN) python3 -m data_prep.vgg16 --output $@ $(if $(VGG16),--file "$(VGG16)")

$(CONFIG):
	@$(call fail,there is no $(CONFIG); DATASET is one of scenes $(CAMVID_DATASETS) cityscapes)

# One run makes them all: so says a pattern rule of several targets, whose % stands for the dot here.
$(SOLVERS:.prototxt=%prototxt): $(CONFIG) $(LMDB) $(wildcard prototxt/*.py) $(OTHER_NETS) | docker
	$(RUN) python3 -m experiments.generate_nets $(EXPERIMENT)

# Weights count as done once they are there: days of training do not depend on a file's date (hence order-only), and
# those of earlier stages may go when later ones are there (hence secondary).
.SECONDARY: $(WEIGHTS)
$(BUILD)/stage1/final.caffemodel: | $(INITIAL_WEIGHTS)
$(BUILD)/stage2/final.caffemodel: | $(BUILD)/stage1/final.caffemodel
$(BUILD)/stage3/final.caffemodel: | $(BUILD)/stage2/final.caffemodel
$(BUILD)/stage4/final.caffemodel: | $(BUILD)/stage3/final.caffemodel
# The control starts from stage 3 and takes as many iterations as stage 4 did, so stage 4 comes first.
$(BUILD)/control/final.caffemodel: | $(BUILD)/stage3/final.caffemodel $(BUILD)/stage4/final.caffemodel
$(BEST): | $(BUILD)/stage3/final.caffemodel $(SOLVERS) docker
	$(RUN) python3 -m experiments.train $(EXPERIMENT) --row best
$(WEIGHTS): $(BUILD)/%/final.caffemodel: | $(BUILD)/nets/%/solver.prototxt docker
	$(RUN) python3 -m experiments.train $(EXPERIMENT) --stage $(*:stage%=%)

$(EVALUATION): $(BUILD)/evaluation-%.json: $(SCORED) $(TRAINED_VARIANTS) $(wildcard $(BUILD)/rows/shown.json) $(BUILD)/nets/stage4/solver.prototxt | docker
	$(RUN) python3 -m experiments.evaluate $(EXPERIMENT) --split $*
