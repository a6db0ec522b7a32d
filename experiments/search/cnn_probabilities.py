"""The CNN's probabilities for the images of a split: computed once and kept on disk."""

import io

import numpy as np

from data_prep.atomic_files import write_atomically
from data_prep.digests import contents_digest
from data_prep.progress import Progress
from experiments.mpi.processes import communicator, share_out
from experiments.nets.net_images import NetImages
from experiments.nets.segmenter import Segmenter
from experiments.runtime.marked_folder import prepare_folder
from experiments.settings.build_paths import Build
from prototxt.stages import CNN


class Probabilities:
    """Class probabilities of a split's images, after stage 3.

    Probabilities that are not on disk, or belong to other weights or images, are computed first. Several processes
    share the images out, and what an interrupted run has computed is kept. They take 4 bytes per pixel and class.

    Parameters
    ----------
    build : path
        Build folder of the experiment; the probabilities lie below its folder unaries.
    split : str
    metadata : data_prep.store.metadata.Metadata
    image_scale : float

    Attributes
    ----------
    mark : str
        Digest of what they come from: net, weights and images.
    """

    def __init__(self, build, split, metadata, image_scale):
        build = Build(build)
        net, weights = build.deploy_net(crf=False), build.weights(CNN)
        self._images = NetImages(build.split(split), image_scale)
        self.mark = contents_digest([*build.data_files(split), net, weights])
        self._folder = build.probabilities(split)
        processes = communicator()
        if processes.rank == 0:
            prepare_folder(self._folder, self.mark)
        missing = processes.from_first([index for index in range(len(self)) if not self._path(index).exists()])
        if missing:
            segmenter = Segmenter(net, weights, metadata.mean_bgr)
            with Progress(f"CNN on {split}", 0, len(missing), "image") as progress:
                for _ in share_out(processes, missing, lambda index: self._keep(index, segmenter)):
                    progress.advance()

    def __len__(self):
        return len(self._images)

    def name(self, index):
        """Return the name of the image at place `index`."""
        return self._images.name(index)

    def __getitem__(self, index):
        """Image (H, W, 3) uint8, truth (H', W') uint8 and probabilities (K, H, W) float32 at place `index`.

        The truth is of the dataset's size, the others of the nets'.
        """
        return (*self._images.to_score(index), np.load(self._path(index)))

    def _path(self, index):
        return self._folder / f"{index:06d}.npy"

    def _keep(self, index, segmenter):
        content = io.BytesIO()
        np.save(content, segmenter(self._images[index][0]).prob)
        write_atomically(self._path(index), content.getvalue())
