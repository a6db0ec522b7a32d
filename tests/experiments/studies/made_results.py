"""The results of a study of two seeds, made without training."""

from experiments.scoring.paired import summary

SCORES = {"cnn": {"0": 41.0, "1": 41.0}, "joint": {"0": 45.0, "1": 47.0}, "control": {"0": 42.0, "1": 44.0}}
TITLES = {"cnn": "CNN only", "joint": "CNN + CRF (joint)", "control": "Control + CRF"}


def made_results():
    """Return a dictionary as of `experiments.studies.results.Results.to_json`."""
    rows = {key: {seed: {"classes": value, "categories": value + 10,
                         "per_class": {"road": value + 30, "car": None if seed == "1" else value, "bus": None}}
                  for seed, value in seeds.items()} for key, seeds in SCORES.items()}
    edges = {key: {seed: {"band": value - 20, "axis_aligned": None if key == "cnn" else value / 2,
                          "axis_aligned_truth": 17.25} for seed, value in seeds.items()}
             for key, seeds in SCORES.items()}
    means = {key: {**{name: summary([scores[name] for scores in seeds.values()]) for name in ("classes", "categories")},
                   "band": summary([scores["band"] for scores in edges[key].values()]),
                   "axis_aligned": None if key == "cnn" else
                   summary([scores["axis_aligned"] for scores in edges[key].values()])} for key, seeds in rows.items()}
    differences = [_difference(first, second) for second in ("joint", "control") for first in SCORES if first != second]
    return {**rows, "details": {
        "dataset": "tiny", "split": "val", "resolution": "full resolution (48 x 40)", "images": 5, "blocks": 5,
        "seeds": [0, 1], "titles": TITLES, "means": means, "edges": edges,
        "axis_aligned_truth": 17.25, "best": {"control": "control"}, "differences": differences,
        "chosen": {"joint": {"0": ["joint-lam5", "joint-lam20"]}},
        "training": {"joint": {"0": {"loss": 0.01, "certificate": 0.012}}}, "configuration": {}}}


def _difference(first, second):
    of_seeds = {seed: SCORES[first][seed] - SCORES[second][seed] for seed in ("0", "1")}
    return {"first": first, "second": second, "over_seeds": summary(list(of_seeds.values())),
            "over_blocks": {seed: {"classes": value, "low": value - 1, "high": value + 1}
                            for seed, value in of_seeds.items()}}
