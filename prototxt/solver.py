"""Solvers that `caffe train` takes as they stand."""

from caffe.proto import caffe_pb2

NEVER = 999999999


def solver(train_net, validation_net, validation_records, snapshot_prefix, seed, *, type, base_lr, iterations,
           momentum, weight_decay, iter_size, snapshot, steps=(), step_factor=0.1):
    """Return a SolverParameter; what is not listed has Caffe's own meaning and name, but for `iterations` (`max_iter`).

    Parameters
    ----------
    train_net, validation_net : str
        Paths of the nets, relative to the folder that `caffe` is started in.
    validation_records : int
        Number of images per round of validation.
    snapshot_prefix : str
        Path before `_iter_<n>.caffemodel`.
    seed : int
        Of weight fillers and dropout.
    type : {"SGD", "Adam"}
        Adam takes `momentum` as its first decay rate; the second stays at Caffe's 0.999.
    steps : sequence of int
        Iterations after which the rate is multiplied by `step_factor`; without any the rate is fixed.
    """
    parameter = caffe_pb2.SolverParameter()
    parameter.train_net = train_net
    parameter.test_net.append(validation_net)
    parameter.test_iter.append(validation_records)
    # The validation net is made but never run by Caffe itself, which could only average a score over images;
    # IoU needs the confusion matrix of all of them, and `experiments.train` takes it.
    parameter.test_interval = NEVER
    parameter.test_initialization = False
    parameter.type = type
    parameter.base_lr = base_lr
    parameter.lr_policy = "multistep" if steps else "fixed"
    if steps:
        parameter.gamma = step_factor
        parameter.stepvalue.extend(steps)
    parameter.momentum = momentum
    parameter.weight_decay = weight_decay
    parameter.iter_size = iter_size
    parameter.max_iter = iterations
    parameter.display = 20
    parameter.average_loss = 20
    parameter.snapshot = snapshot
    parameter.snapshot_prefix = snapshot_prefix
    parameter.random_seed = seed
    return parameter
