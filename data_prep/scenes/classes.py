"""The class table of the drawn street scenes: Cityscapes' names, categories and colours."""

from data_prep.store.metadata import LabelClass

CLASSES = dict(enumerate((
    LabelClass("road", "flat", (128, 64, 128)),
    LabelClass("sidewalk", "flat", (244, 35, 232)),
    LabelClass("building", "construction", (70, 70, 70)),
    LabelClass("fence", "construction", (190, 153, 153)),
    LabelClass("pole", "object", (153, 153, 153)),
    LabelClass("traffic sign", "object", (220, 220, 0)),  # traffic lights too, as CamVid's 11 classes have it
    LabelClass("vegetation", "nature", (107, 142, 35)),
    LabelClass("terrain", "nature", (152, 251, 152)),
    LabelClass("sky", "sky", (70, 130, 180)),
    LabelClass("person", "human", (220, 20, 60)),
    LabelClass("rider", "human", (255, 0, 0)),  # with the bicycle, whose tubes are thinner than a pixel
    LabelClass("car", "vehicle", (0, 0, 142)),
)))
LABELS = {entry.name: label for label, entry in CLASSES.items()}
