"""Labels of rows of results: the CNN runs once per image, then each row's CRF on its scores."""

import functools
import io
import zipfile

import caffe
import numpy as np
from google.protobuf import text_format

from data_prep.atomic_files import write_atomically
from data_prep.digests import file_digest, text_digest
from data_prep.progress import Progress
from data_prep.store.records import open_records
from experiments.nets.segmenter import Segmenter
from experiments.prediction.dense_crf import mean_field
from experiments.scoring.image_counts import ImageCounter, ImageCounts, stacked
from experiments.settings.build_paths import Build
from prototxt.fcn import Architecture
from prototxt.nets import crf_net, deploy_net
from prototxt.stages import CNN, JOINT


def row_crf(config, row):
    """Return the `CRFConfig` that a row labels with: the configuration's, its stage's and its own settings."""
    crf = config.of_stage(row.stage).crf
    return type(crf)(**{**crf.dict(), **row.labelling})


class RowLabels:
    """Labels images as a row does, from the scores of its CNN.

    Parameters
    ----------
    config : experiments.settings.config.Config
    row : experiments.scoring.result_rows.Row
    classes : int
    size : (int, int)
        Height and width that the CRF's net is made for; others work too.
    folder : pathlib.Path
        Where the CRF's net is written.

    Attributes
    ----------
    digest : str
        Of all that its labels follow from but for the scores.
    """

    def __init__(self, config, row, classes, size, folder):
        self.row, self._net, self._dense = row, None, config.dense_crf
        if row.crf:
            text = text_format.MessageToString(crf_net(classes, size, row_crf(config, row).dict()))
        else:
            text = config.dense_crf.json() if row.dense else "argmax"
        self.digest = text_digest(text)
        self._text, self._path = text, folder / f"{row.key}.prototxt"

    def __call__(self, image, scored):
        """Label an image.

        Parameters
        ----------
        image : (H, W, 3) uint8
            RGB.
        scored : experiments.nets.segmenter.Scored

        Returns
        -------
        (H, W) int32
        """
        if self.row.dense:
            return mean_field(image, scored.prob, self._dense)
        if not self.row.crf:
            return scored.prob.argmax(axis=0).astype(np.int32)
        net = self._loaded()
        for name, values in (("data", scored.data), ("score", scored.score)):
            net.blobs[name].reshape(1, *values.shape)
            net.blobs[name].data[0] = values
        net.forward()
        return net.blobs["labels"].data[0].astype(np.int32)

    def _loaded(self):
        if self._net is None:
            write_atomically(self._path, self._text)
            self._net = caffe.Net(str(self._path), caffe.TEST)
        return self._net


def write_row_net(config, build, row):
    """Write the deploy net of a row, CNN and CRF, and return its path; a ValueError where the row has a dense CRF."""
    if row.dense:
        raise ValueError(f"The row {row.key} has the dense CRF, which is no net; take another one.")
    build, own = Build(build), config.of_stage(row.stage)
    metadata = build.metadata()
    architecture = Architecture(len(metadata.classes), **own.net.dict())
    net = deploy_net(JOINT if row.crf else CNN, architecture, metadata.sizes["train"][0], row_crf(config, row).dict())
    path = build.nets / "rows" / f"{row.key}-deploy.prototxt"
    write_atomically(path, text_format.MessageToString(net))
    return path


def row_labellers(config, build, rows, split):
    """Return {row: `RowLabels`} for a split of a build folder."""
    metadata = Build(build).metadata(split)
    folder = Build(build).nets / "rows"
    return {row: RowLabels(config, row, len(metadata.classes), metadata.sizes[split][0], folder) for row in rows}


def row_mark(build, split, labeller):
    """Return a digest of all that a row's counts follow from, None where its weights are not there yet."""
    build = Build(build)
    try:
        files = [*build.data_files(split), build.deploy_net(crf=False), build.weights(labeller.row.stage)]
        return text_digest(" ".join([*map(_digest_of_now, files), labeller.digest]))
    except FileNotFoundError:
        return None


def _digest_of_now(path):
    status = path.stat()
    return _digest(path.resolve(), status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=None)
def _digest(path, *changes):
    """Return the digest of a file, which is read once for all calls with the same `changes`, its time and size."""
    return file_digest(path)


def read_counts(path, mark):
    """Return (names, `ImageCounts` with an axis of images) of a row's file; None where there is none with this mark."""
    try:
        with np.load(path) as stored:
            counts = ImageCounts(*(stored[field] for field in ImageCounts._fields))
            return (list(stored["names"]), counts) if str(stored["mark"]) == mark else None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def label_rows(config, build, rows, split):
    """Label a split as each row does, and keep a file of counts per row.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : path
        With LMDB, the nets and the weights.
    rows : sequence of experiments.scoring.result_rows.Row
        Rows of one stage's weights.
    split : str
    """
    build, metadata = Build(build), Build(build).metadata(split)
    labellers = row_labellers(config, build, rows, split)
    stage, = {row.stage for row in rows}
    segmenter = Segmenter(build.deploy_net(crf=False), build.weights(stage), metadata.mean_bgr)
    marks = {row: row_mark(build, split, labeller) for row, labeller in labellers.items()}
    records, counts = open_records(str(build.split(split))), {row: [] for row in rows}
    with Progress(f"label {', '.join(row.key for row in rows)}", 0, len(records), "image") as progress:
        for image, truth in map(records.__getitem__, range(len(records))):
            scored, counter = segmenter.scored(image), ImageCounter(truth, len(metadata.classes))
            for row, labeller in labellers.items():
                counts[row].append(counter(labeller(image, scored)))
            progress.advance()
    names = [records.name(index) for index in range(len(records))]
    for row in rows:
        content = io.BytesIO()
        np.savez_compressed(content, mark=marks[row], names=names, **stacked(counts[row])._asdict())
        write_atomically(build.row_confusions(split, row.key), content.getvalue(), sync=True)
