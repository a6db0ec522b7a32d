"""Labels of rows of results: the CNN runs once per image, then each row's CRF on its scores."""

import functools
import io
import itertools
import zipfile

import caffe
import numpy as np
from google.protobuf import text_format

from data_prep.atomic_files import write_atomically
from data_prep.digests import file_digest, text_digest
from data_prep.progress import Progress
from experiments.nets.caffemodel import copy_learnt_terms
from experiments.mpi.processes import communicator, share_out
from experiments.nets.definitions import net_crf
from experiments.nets.net_images import NetImages
from experiments.nets.origin import check_labelling_nets
from experiments.nets.segmenter import Segmenter
from experiments.prediction.dense_crf import mean_field
from experiments.prediction.photographs import enlarged_labels
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
    build : experiments.settings.build_paths.Build
        The CRF's net is written there; its learnt terms are those of the row's weights.

    Attributes
    ----------
    digest : str
        Of all that its labels follow from but for the scores and the weights.
    """

    def __init__(self, config, row, classes, size, build):
        self.row, self._build, self._net, self._dense = row, build, None, config.dense_crf
        if row.crf:
            text = text_format.MessageToString(crf_net(classes, size, net_crf(row_crf(config, row), build.metadata())))
        else:
            text = config.dense_crf.json() if row.dense else "argmax"
        self.digest = text_digest(text)
        self._text, self._path = text, build.nets / "rows" / f"{row.key}.prototxt"

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
            copy_learnt_terms(self._net, self._build.weights(self.row.stage))
        return self._net


def write_row_net(config, build, row):
    """Write the deploy net of a row, CNN and CRF, and return its path; a ValueError where the row has a dense CRF."""
    if row.dense:
        raise ValueError(f"The row {row.key} has the dense CRF, which is no net; take another one.")
    build, own = Build(build), config.of_stage(row.stage)
    metadata = build.metadata()
    architecture = Architecture(len(metadata.classes), **own.net.dict())
    size = config.net_sizes(metadata.sizes["train"])[0]
    net = deploy_net(JOINT if row.crf else CNN, architecture, size, net_crf(row_crf(config, row), metadata))
    path = build.nets / "rows" / f"{row.key}-deploy.prototxt"
    write_atomically(path, text_format.MessageToString(net))
    return path


def row_labellers(config, build, rows, split):
    """Return {row: `RowLabels`} for a split of a build folder."""
    build, metadata = Build(build), Build(build).metadata(split)
    size = config.net_sizes(metadata.sizes[split])[0]
    return {row: RowLabels(config, row, len(metadata.classes), size, build) for row in rows}


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


def read_rows(config, build, rows, split):
    """Return (names, {key: `ImageCounts` with an axis of images}) of rows that are labelled.

    Raises
    ------
    FileNotFoundError
        If a row is not labelled with the weights and settings of now.
    """
    known = _known_counts(config, build, rows, split)
    missing = [row.key for row in rows if row.key not in known]
    if missing:
        raise FileNotFoundError(f"The row {missing[0]} is not labelled on {split} with these weights and settings; "
                                f"run `docker/run python3 -m experiments.evaluate_rows --rows {missing[0]}` with the "
                                "same configuration first.")
    names = known[rows[0].key][0]
    return names, {key: counts for key, (_, counts) in known.items()}


def label_rows(config, build, rows, split):
    """Label a split as each row does, and keep a file of counts per row. Processes share the images out.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : path
        With LMDB, the nets and the weights.
    rows : sequence of experiments.scoring.result_rows.Row
        Rows of one stage's weights.
    split : str

    Returns
    -------
    dict of experiments.scoring.result_rows.Row to experiments.scoring.image_counts.ImageCounts
        With an axis of images.
    """
    build, metadata, processes = Build(build), Build(build).metadata(split), communicator()
    check_labelling_nets(config, build, crf=False)
    labellers = row_labellers(config, build, rows, split)
    stage, = {row.stage for row in rows}
    segmenter = Segmenter(build.deploy_net(crf=False), build.weights(stage), metadata.mean_bgr)
    marks = {row: row_mark(build, split, labeller) for row, labeller in labellers.items()}
    images, counts = NetImages(build.split(split), config.image_scale), {row: [] for row in rows}
    classes = len(metadata.classes)

    def counts_of(index):
        image, truth = images.to_score(index)
        scored, counter = segmenter.scored(image), ImageCounter(truth, classes)
        return [counter(enlarged_labels(labellers[row](image, scored), classes, *truth.shape)) for row in rows]

    with Progress(f"label {', '.join(row.key for row in rows)}", 0, len(images), "image") as progress:
        for of_image in share_out(processes, range(len(images)), counts_of):
            for row, of_row in zip(rows, of_image):
                counts[row].append(of_row)
            progress.advance()
    names = [images.name(index) for index in range(len(images))]
    whole = {row: stacked(of_row) for row, of_row in counts.items()}
    for row in rows if processes.rank == 0 else ():
        content = io.BytesIO()
        np.savez_compressed(content, mark=marks[row], names=names, **whole[row]._asdict())
        write_atomically(build.row_confusions(split, row.key), content.getvalue(), sync=True)
    return whole


def counts_of_rows(config, build, rows, split):
    """Return the `ImageCounts` of rows of any weights, {row: counts}; a split is labelled where that is not done yet.

    The parameters are those of `label_rows`.
    """
    known = communicator().from_first(_known_counts(config, build, rows, split))
    counts = {key: of_row for key, (_, of_row) in known.items()}
    missing = sorted((row for row in rows if row.key not in counts), key=lambda row: row.stage)
    for _, group in itertools.groupby(missing, key=lambda row: row.stage):
        labelled = label_rows(config, build, tuple(group), split)
        counts.update({row.key: of_row for row, of_row in labelled.items()})
    return {row: counts[row.key] for row in rows}


def _known_counts(config, build, rows, split):
    """Return {key: (names, its `ImageCounts`)} of the rows that were labelled with the weights and settings of now."""
    stored = {row.key: read_counts(Build(build).row_confusions(split, row.key), row_mark(build, split, labeller))
              for row, labeller in row_labellers(config, build, rows, split).items()}
    return {key: of_row for key, of_row in stored.items() if of_row}
