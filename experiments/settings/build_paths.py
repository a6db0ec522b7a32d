"""The build folder of an experiment: where its files lie, and which target makes one that is missing."""

import json
import os
from pathlib import Path

from data_prep.digests import file_digest
from data_prep.store.metadata import FILE_NAME, read_metadata
from prototxt.stages import CNN, JOINT, STAGES

# FCN-8s with the CRF and without: the weights of stages 3, 4 and of the control fit both.
NET_WITH_CRF, NET_WITHOUT_CRF = JOINT, CNN
# Says why a stage ended and which of its weights later stages take.
OUTCOME = "outcome.json"
BEST, FINAL = "best.caffemodel", "final.caffemodel"
LOG = "log.jsonl"


class Build(os.PathLike):
    """The paths below an experiment's build folder.

    Parameters
    ----------
    folder : path
        Such as build/scenes; a `Build` will do, too.

    Attributes
    ----------
    folder, lmdb, nets, report, predictions : pathlib.Path
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.lmdb, self.nets = self.folder / "lmdb", self.folder / "nets"
        self.report, self.predictions = self.folder / "report", self.folder / "predictions"

    def __fspath__(self):
        return str(self.folder)

    __str__ = __fspath__

    def split(self, split):
        """The LMDB of a split."""
        return self.lmdb / split

    def data_files(self, split):
        """The files that hold a split and its description."""
        return [self.lmdb / FILE_NAME, self.split(split) / "data.mdb"]

    def metadata(self, split=None):
        """Return the description of the LMDBs.

        Raises
        ------
        data_prep.errors.DataError
            If it is missing or damaged.
        ValueError
            If the LMDBs lack `split`.
        """
        metadata = read_metadata(str(self.lmdb))
        if split is not None and split not in metadata.splits:
            raise ValueError(f"The dataset {metadata.name} has no split {split}; its splits are "
                             f"{', '.join(metadata.splits)}.")
        return metadata

    def most_images(self, splits):
        """Return the number of images of the largest of some splits; the errors are those of `metadata`."""
        return max(self.metadata(split).splits[split] for split in splits)

    def net(self, stage, kind):
        """A stage's net or solver; `kind` is one of `experiments.nets.definitions.KINDS`."""
        return self.nets / stage / f"{kind}.prototxt"

    def deploy_net(self, crf):
        """Return the path of FCN-8s for inference, with the CRF or without; a FileNotFoundError if it is missing."""
        return existing(self.net(NET_WITH_CRF if crf else NET_WITHOUT_CRF, "deploy"), "nets")

    @property
    def nets_configuration(self):
        """A copy of the configuration that the nets were made from."""
        return self.nets / "config.yaml"

    def stage(self, stage):
        """The folder that a stage is trained in: weights, snapshots, log."""
        return self.folder / stage

    def log(self, stage):
        """The log of a stage."""
        return self.stage(stage) / LOG

    def weights(self, stage):
        """Return the path of a stage's weights: the final ones, or the best where its outcome says so.

        Raises
        ------
        FileNotFoundError
            If the stage was not trained to its end, or the weights are gone.
        ValueError
            If outcome.json is damaged.
        """
        target = f"train-{stage}" if stage in STAGES else f"train-row ROW={stage}"
        folder = self.stage(stage)
        final, outcome = existing(folder / FINAL, target), self.outcome(stage)
        return final if outcome is None else existing(folder / outcome["weights"], target)

    def outcome(self, stage):
        """Return what is noted of a stage's end: ``iterations``, ``weights`` (a file's name) and more.

        None where the stage has not ended, or someone put its weights there.

        Raises
        ------
        ValueError
            If outcome.json is damaged.
        """
        path = self.stage(stage) / OUTCOME
        try:
            outcome = json.loads(path.read_text())
            if not isinstance(outcome["weights"], str) or not isinstance(outcome["iterations"], int):
                raise ValueError("weights must be a file's name and iterations their number")
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged ({error}); remove it to take {path.with_name(FINAL)}.") from None
        return outcome

    def iterations(self, stages):
        """Return {stage: iterations that it took, None where nothing is noted}."""
        outcomes = {stage: self.outcome(stage) for stage in stages}
        return {stage: outcome and outcome["iterations"] for stage, outcome in outcomes.items()}

    def provenance(self, stages):
        """Return what scores of trained stages come from: their ``iterations``, and ``weights``, {stage: digest}."""
        return {"iterations": self.iterations(stages),
                "weights": {stage: file_digest(self.weights(stage)) for stage in stages}}

    def evaluation(self, split):
        """The scores of a split."""
        return self.folder / f"evaluation-{split}.json"

    def partial_evaluation(self, split):
        """The confusion matrices of an evaluation that is not whole yet."""
        return self.folder / f"evaluation-{split}.partial.npz"

    def row_confusions(self, split, row):
        """The confusion matrices of a row, by its key."""
        return self.folder / "rows" / split / f"{row}.npz"

    @property
    def shown_rows(self):
        """The keys of rows that evaluations show because they were asked for."""
        return self.folder / "rows" / "shown.json"

    def official_evaluation(self, split):
        """The scores of a split at full resolution."""
        return self.folder / f"official-evaluation-{split}.json"

    def official_predictions(self, split, row):
        """The folder of a row's label images at full resolution, by the row's key."""
        return self.folder / "official" / split / row

    def submission(self, row):
        """The archive of a row's predictions for the test server."""
        return self.folder / f"submission-{row}.zip"

    @property
    def server_score(self):
        """The test server's score, a file that the user writes."""
        return self.folder / "test-server.yaml"

    def grid_search(self, split, suffix=".json", name="grid-search"):
        """The results of the grid search on a split, or the database and the heat map beside them.

        `name` is the `file` of one of `experiments.search.methods.METHODS`.
        """
        return self.folder / f"{name}-{split}{suffix}"

    def probabilities(self, split):
        """The folder of the CNN's probabilities of a split."""
        return self.folder / "unaries" / split


def existing(path, target):
    """Return `path`, or raise a FileNotFoundError that names the make target that makes it."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; run `make {target}` with the same DATASET first.")
    return path
