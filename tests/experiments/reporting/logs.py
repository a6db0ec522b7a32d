"""Logs of a training that never was."""

from experiments.training.log import TrainingLog

ITERATIONS = {"stage1": 40, "stage2": 20, "stage3": 30, "stage4": 10, "control": 10}


def write_logs(folder):
    for stage, iterations in ITERATIONS.items():
        (folder / stage).mkdir(exist_ok=True)
        log = TrainingLog(folder / stage / "log.jsonl", 0)
        for iteration in range(0, iterations + 1, 5):
            log.append("validation", iteration, classes=float(iteration), categories=float(2 * iteration),
                       confidence=0.9)
            log.append("train", iteration, loss=1 / (1 + iteration))
