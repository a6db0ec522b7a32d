"""The results of a study on a split: each row's scores for each seed, their edges', and paired differences of rows."""

import functools
import json

from experiments.prediction.row_labels import read_counts, row_labellers, row_mark
from experiments.scoring.bootstrap import difference_interval, frame_blocks
from experiments.scoring.cross_fitting import cross_fitted_counts
from experiments.scoring.image_counts import edge_scores
from experiments.scoring.metrics import scores_of
from experiments.scoring.paired import summary
from experiments.scoring.result_rows import (CNN, CNN_CRF, CONTROLS, COOLED_CNNS, COOLED_CONTROLS, JOINT, JOINT_OWN,
                                             labelled_rows)
from experiments.scoring.text import resolution
from experiments.training.log import read_log
from prototxt.stages import SSVM, find_stage

# Sets of rows, of each of which the results name the one with the highest mean over seeds.
BEST_OF = {"control": CONTROLS, "cooled control": COOLED_CONTROLS, "cooled CNN": COOLED_CNNS}
# Scores of edges that are averaged over seeds, see `experiments.scoring.image_counts.edge_scores`.
EDGES = ("band", "axis_aligned")


class Results:
    """Scores of a study's rows on a split.

    Parameters
    ----------
    config : experiments.settings.config.Config
    builds : dict of int to experiments.settings.build_paths.Build
        Of each seed.
    rows : sequence of experiments.scoring.result_rows.Row
    split : str
    """

    def __init__(self, config, builds, rows, split):
        self.config, self.builds, self.rows, self.split = config, builds, rows, split
        self._labellers = {seed: row_labellers(config, build, labelled_rows(rows), split)
                           for seed, build in builds.items()}
        self._counts, self._chosen = {}, {}
        self._interval = functools.lru_cache(maxsize=None)(self._interval_of_seed)
        any_build = next(iter(builds.values()))
        self.metadata = any_build.metadata(split)
        self.names = None

    def missing(self, seed, row):
        """Read a row of a seed unless that was done; return whether it is not labelled yet."""
        if (row.key, seed) in self._counts:
            return False
        if row.candidates:
            return self._candidates_missing(seed, row)
        build = self.builds[seed]
        mark = row_mark(build, self.split, self._labellers[seed][row])
        stored = mark and read_counts(build.row_confusions(self.split, row.key), mark)
        if not stored:
            return True
        self.names, self._counts[row.key, seed] = stored
        return False

    def _candidates_missing(self, seed, row):
        """Put the counts of a row at its own lambda together, unless one of its candidates is not labelled yet."""
        if any([self.missing(seed, candidate) for candidate in row.candidates]):
            return True
        self._counts[row.key, seed], chosen = cross_fitted_counts(
            {candidate.key: self._counts[candidate.key, seed] for candidate in row.candidates}, self._blocks())
        self._chosen.setdefault(row.key, {})[seed] = chosen
        return False

    def to_json(self):
        """Return the results of what is labelled: {row: {seed: scores}}, and `details`.

        They depend on what is labelled alone, not on the order in which that was done.
        """
        for seed in self.builds:
            for row in self.rows:
                self.missing(seed, row)
        scored = {row.key: {str(seed): scores_of(self._counts[row.key, seed].confusion, self.metadata.classes).to_json()
                            for seed in self._seeds(row)} for row in self.rows if self._seeds(row)}
        return {**scored, "details": self._details(scored)}

    def _seeds(self, row):
        return [seed for seed in self.builds if (row.key, seed) in self._counts]

    def _details(self, scored):
        edges = {key: {seed: self._edges(key, int(seed)) for seed in of_seeds} for key, of_seeds in scored.items()}
        means = {key: {name: _summary([scores[name] for scores in per_seed[key].values()])
                       for per_seed, names in ((scored, ("classes", "categories")), (edges, EDGES)) for name in names}
                 for key in scored}
        # Means over other seeds do not compare; of an unfinished study those rows count that have the most.
        best = {name: max((row.key for row in rows if row.key in means),
                          key=lambda key: (len(scored[key]), means[key]["classes"]["mean"]), default=None)
                for name, rows in BEST_OF.items()}
        references = dict.fromkeys(key for key in (JOINT.key, JOINT_OWN.key, best["control"], CNN_CRF.key, CNN.key)
                                   if key in means)
        return {
            "dataset": self.metadata.name, "split": self.split, "resolution": resolution(self.metadata, self.split),
            "images": self.metadata.splits[self.split],
            "seeds": [seed for seed in self.builds if any(seed in self._seeds(row) for row in self.rows)],
            "blocks": int(self._blocks().max()) + 1 if self.names else None,
            "titles": {row.key: row.title for row in self.rows}, "means": means, "best": best,
            "edges": edges, "axis_aligned_truth": self._aligned_truth(edges),
            "differences": [self._difference(scored, row, reference) for reference in references for row in self.rows
                            if row.key != reference and self._common_seeds(row, reference)],
            "chosen": {key: {str(seed): list(rows) for seed, rows in sorted(seeds.items())}
                       for key, seeds in sorted(self._chosen.items())},
            "training": self._training(),
            "configuration": json.loads(self.config.json()),
        }

    def _edges(self, key, seed):
        return edge_scores(self._counts[key, seed], self.metadata.classes)

    @staticmethod
    def _aligned_truth(edges):
        """Return the share of the truth's edges, which all rows and seeds have in common; None before any is there."""
        return next((scores["axis_aligned_truth"] for of_seeds in edges.values() for scores in of_seeds.values()), None)

    def _training(self):
        """Return {row: {seed: {"loss", "certificate"}}} of rows with the structured loss: means over logged iterations.

        Both per labelled pixel. The loss is with the inference that training had; it is at most the certificate.
        """
        training = {}
        for row in self.rows:
            if find_stage(row.stage).loss != SSVM or row.labelling or row.candidates:
                continue
            for seed in self._seeds(row):
                records = [record for record in read_log(self.builds[seed].log(row.stage))
                           if record["kind"] == "train" and "certificate" in record]
                if records:
                    training.setdefault(row.key, {})[str(seed)] = {
                        key: sum(record[key] for record in records) / len(records) for key in ("loss", "certificate")}
        return training

    def _common_seeds(self, row, reference):
        return [seed for seed in self._seeds(row) if (reference, seed) in self._counts]

    def _difference(self, scored, row, reference):
        """Compare a row with another: over seeds that have both, and over blocks of images for each seed's weights."""
        intervals = {str(seed): dict(zip(("classes", "low", "high"), self._interval(row.key, reference, seed)))
                     for seed in self._common_seeds(row, reference)}
        paired = [scored[row.key][seed]["classes"] - scored[reference][seed]["classes"] for seed in intervals]
        return {"first": row.key, "second": reference, "over_seeds": summary(paired), "over_blocks": intervals}

    def _interval_of_seed(self, first, second, seed):
        first, second = (self._counts[key, seed].confusion for key in (first, second))
        return difference_interval(first, second, self._blocks())

    def _blocks(self):
        return frame_blocks(self.names, independent=bool(self.metadata.generator))


def _summary(values):
    """Return the `summary` of the values that are known, None where none is."""
    known = [value for value in values if value is not None]
    return summary(known) if known else None
