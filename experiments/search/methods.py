"""The CRFs whose parameters a grid search tries: that of the paper, and the fully connected one."""

from experiments.prediction.dense_crf import mean_field
from experiments.scoring.result_rows import CNN, CNN_CRF, DENSE
from experiments.search.parameter_sets import (DenseParameterSet, dense_parameter_sets, example_set, paper_set,
                                               parameter_sets)
from experiments.search.results import SetResult
from experiments.search.score_sets import confusion_of, score_sets
from experiments.settings.crf_config import DenseCRFConfig


class CRFSearch:
    """The CRF of the paper, by DualMM.

    Attributes
    ----------
    name : str
        Of the option --method.
    section, grid : str
        Keys of the configuration: the parameters, where the best set is written, and the values that are tried.
    file : str
        The name of the files of its results begins with it.
    row : str
        Title of the row of results that is searched.
    baseline : str
        Key of the set that the best one is compared with.
    titles : dict of str to str
        Of the CNN alone, that set, and the best one.
    parameters : tuple of str
        Shown of a set, where it has them.
    of_costs : tuple of str
        Those of which it is said where the best value lies at an edge of the grid.
    axes : (str, str, str)
        Parameters of the heat map's rows, panels and columns.
    """

    name, section, grid, file, row, baseline = "crf", "crf", "grid", "grid-search", CNN_CRF.title, "paper"
    titles = {"cnn": CNN.title, "paper": "the paper's set", "best": "the best set"}
    parameters = ("alpha", "beta", "lam", "iterations", "temperature", "relative_contrast", "gamma")
    of_costs, axes = ("alpha", "beta", "lam", "temperature"), ("alpha", "beta", "lam")

    @staticmethod
    def sets(config):
        """Return the sets that are tried, the baseline among them."""
        return parameter_sets(config.grid, config.crf)

    @staticmethod
    def baseline_set(config):
        """Return the set that the best one is compared with."""
        return paper_set(config.grid)

    @staticmethod
    def settings(config):
        """Return a text of the settings beside the sets that labels depend on."""
        return f"{config.crf.unary} {config.crf.decode} {config.crf.neighbours}"

    @staticmethod
    def written(parameters, config):
        """Return what a set, as JSON has it, changes in the configuration."""
        return {"relative_contrast": False, **parameters} if config.crf.relative_contrast else parameters

    @staticmethod
    def score(image, truth, probability, sets, config, before_set):
        """Label an image with each set; arguments and results are those of `experiments.search.score_sets`."""
        crf = config.crf
        return score_sets(image, truth, probability, crf.unary, sets, crf.decode, before_set, crf.neighbours)


class DenseSearch:
    """The fully connected CRF of the row `cnn+dense`, by mean field, with the attributes and methods of `CRFSearch`."""

    name, section, grid, file = "dense", "dense_crf", "dense_grid", "dense-grid-search"
    row, baseline = DENSE.title, "example"
    titles = {"cnn": CNN.title, "example": "pydensecrf's example", "best": "the best set"}
    parameters = DenseParameterSet._fields
    of_costs = parameters[:-1]
    axes = ("appearance_distance", "appearance", "appearance_colour")

    @staticmethod
    def sets(config):
        return dense_parameter_sets(config.dense_grid, config.dense_crf)

    @staticmethod
    def baseline_set(config):
        return example_set()

    @staticmethod
    def written(parameters, config):
        return parameters

    @staticmethod
    def settings(config):
        return ""

    @staticmethod
    def score(image, truth, probability, sets, config, before_set):
        results = []
        for parameters in sets:
            before_set(parameters)
            labels = probability.argmax(axis=0) if parameters is None else mean_field(
                image, probability, DenseCRFConfig(**parameters.to_json()))
            results.append(SetResult(confusion_of(truth, labels, len(probability))))
        return results


METHODS = {method.name: method for method in (CRFSearch, DenseSearch)}
