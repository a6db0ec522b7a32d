"""Summary of a grid search: the best set beside the paper's and the CNN alone, and all sets' scores."""

import json

import numpy as np

from experiments.scoring.bootstrap import compared, frame_blocks
from experiments.scoring.cross_fitting import crossed, halves_of, sum_of_halves
from experiments.scoring.metrics import scores
from experiments.scoring.text import aligned_table, difference, percent, resolution
from experiments.search.methods import CRFSearch

SETS_SHOWN = 10


def summarise(results, sets, names, metadata, split, config, method=CRFSearch):
    """Score all sets and compare the best one with the baseline, the paper's, and with the CNN alone.

    Parameters
    ----------
    results : experiments.search.results.SearchResults
        Those of all sets, and of None, the CNN alone.
    sets : list of experiments.search.parameter_sets.ParameterSet
        The baseline among them.
    names : list of N str
        Of the images.
    metadata : data_prep.store.metadata.Metadata
    split : str
    config : experiments.settings.config.Config
    method : experiments.search.methods.CRFSearch or DenseSearch

    Returns
    -------
    dict
        ``cnn``, ``paper`` (or the key of the method's baseline), ``best``: IoU in percent as from
        `experiments.scoring.metrics.Scores.to_json`, the latter two with their ``parameters``.
        ``differences``: between them, with 95 % intervals over blocks of neighbouring frames. ``held_out``: the best
        set's differences again, but each half of the blocks of images is labelled with
        the set that is best on the other half, as the best set of all is chosen on the very images that it is scored
        on; empty for one image. ``sets``: all sets, the best first, with ``classes``, ``categories`` and, where gamma
        is searched, ``bound``, the bound on the share of wrong pixels in percent. ``details``: the images, their
        resolution, the CRF's configuration, and the parameters whose best value is at an edge of the grid.
    """
    blocks = frame_blocks(names, independent=bool(metadata.generator))
    half = halves_of(blocks)
    sums = {parameters: sum_of_halves(results.confusions(parameters, names), half) for parameters in sets}
    table = [[entry.name for entry in metadata.classes], [entry.category for entry in metadata.classes]]
    bounds = {parameters: _bound(results, parameters, names, sums[parameters]) for parameters in sets}
    scored = {parameters: scores(halves.sum(axis=0), *table) for parameters, halves in sums.items()}
    ranked = sorted(sets, key=lambda parameters: (-np.nan_to_num(scored[parameters].classes),
                                                  bounds[parameters] or 0))
    baseline, best = method.baseline_set(config), ranked[0]
    confusions = {key: results.confusions(parameters, names)
                  for key, parameters in (("cnn", None), (method.baseline, baseline), ("best", best))}
    comparisons = ((method.baseline, "cnn"), ("best", "cnn"), ("best", method.baseline))
    return {
        "cnn": scores(confusions["cnn"].sum(axis=0), *table).to_json(),
        method.baseline: {**scored[baseline].to_json(), "parameters": baseline.to_json()},
        "best": {**scored[best].to_json(), "parameters": best.to_json()},
        "differences": [compared(first, second, confusions, blocks) for first, second in comparisons],
        "held_out": _held_out(results, sums, names, half, confusions, blocks, method) if len(names) > 1 else [],
        "sets": [_set_to_json(parameters, scored[parameters], bounds[parameters]) for parameters in ranked],
        "details": {"dataset": metadata.name, "split": split, "images": len(names),
                    "resolution": resolution(metadata, split),
                    "edges": _edges(best, getattr(config, method.grid), method.of_costs),
                    method.section: json.loads(getattr(config, method.section).json())},
    }


def _bound(results, parameters, names, sums):
    """Return the bound on the share of wrong pixels in percent, None where gamma is not searched."""
    if parameters.gamma is None:
        return None
    return 100 * results.bound(parameters, names) / max(1, int(sums.sum()))


def _held_out(results, sums, names, half, confusions, blocks, method):
    """Compare the best set with the others, each half of the images labelled with the best set of the other half."""
    best, _ = crossed(sums, half, lambda parameters: results.confusions(parameters, names))
    return [compared("best", second, {**confusions, "best": best}, blocks) for second in ("cnn", method.baseline)]


def _set_to_json(parameters, scored, bound):
    entry = {"parameters": parameters.to_json(),
             **{key: value for key, value in scored.to_json().items() if key != "per_class"}}
    return entry if bound is None else {**entry, "bound": bound}


def _edges(best, grid, parameters):
    """Return those of some parameters whose best value is the least or largest of several."""
    return [name for name in parameters
            if len(set(getattr(grid, name))) > 1
            and getattr(best, name) in (min(getattr(grid, name)), max(getattr(grid, name)))]


def format_search(result, method=CRFSearch):
    """Lay out the result of `summarise` with the same method as text."""
    details = result["details"]
    gains = {entry["first"]: difference(entry) for entry in result["differences"] if entry["second"] == "cnn"}
    names = [name for name in method.parameters if name in result["best"]["parameters"]]
    rows = [(title, *_values(names, result[key].get("parameters", {})), percent(result[key]["classes"]),
             percent(result[key]["categories"]), gains.get(key, "")) for key, title in method.titles.items()]
    lines = [f"{details['dataset']}, {details['split']}: {len(result['sets'])} sets on {details['images']} images at "
             f"{details['resolution']}, in percent", "",
             aligned_table(("", *names, "IoU classes", "IoU categories", "gain over CNN only (95 % interval)"), rows),
             "", f"The best set over {method.titles[method.baseline]}: {difference(result['differences'][-1])}"]
    lines += [f"Chosen on one half of the images and scored on the other, over {method.titles[entry['second']]}: "
              f"{difference(entry)}" for entry in result["held_out"]]
    lines += [f"The best {name} is at the edge of the grid; try values beyond it." for name in details["edges"]]
    return "\n".join([*lines, "", _best_sets(result["sets"][:SETS_SHOWN], names)])


def _best_sets(sets, names):
    bounds = ("bound on wrong pixels",) if "gamma" in names else ()
    rows = [(str(number), *_values(names, entry["parameters"]), percent(entry["classes"]), percent(entry["categories"]),
             *(f"{entry['bound']:.2f}" for _ in bounds)) for number, entry in enumerate(sets, 1)]
    return aligned_table(("best sets", *names, "IoU classes", "IoU categories", *bounds), rows)


def _values(names, values):
    return [f"{values[name]:g}" if name in values else "" for name in names]
