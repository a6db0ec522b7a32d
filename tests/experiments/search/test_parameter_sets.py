"""Sets of the CRF's parameters."""

from experiments.search.parameter_sets import (DenseParameterSet, ParameterSet, dense_parameter_sets, example_set,
                                               paper_set, parameter_sets)
from experiments.settings.crf_config import CRFConfig, DenseCRFConfig, DenseGridConfig, GridConfig


def test_every_combination_comes_once_and_the_papers_at_the_end():
    grid = GridConfig(alpha=[5, 10], lam=[1, 2], gamma=[0.1, 0.2])
    sets = parameter_sets(grid, CRFConfig(beta=0.5))
    assert sets[:3] == [ParameterSet(5, 0.5, 1, 15, 1, False, 0.1), ParameterSet(5, 0.5, 1, 15, 1, False, 0.2),
                        ParameterSet(5, 0.5, 2, 15, 1, False, 0.1)]
    assert len(sets) == len(set(sets)) == 9
    assert sets[-1] == paper_set(grid) == ParameterSet(35, 0.9, 2.5, 15, 1, False, 0.1)


def test_the_papers_set_is_not_tried_twice():
    assert parameter_sets(GridConfig(alpha=[35.0]), CRFConfig()) == [ParameterSet(35, 0.9, 2.5, 15)]


def test_labels_do_not_depend_on_gamma():
    narrow, wide = (ParameterSet(1, 2, 3, 4, gamma=gamma) for gamma in (5, 6))
    assert narrow.of_labels == wide.of_labels == ParameterSet(1, 2, 3, 4)


def test_as_json_and_as_text():
    assert ParameterSet(35.0, 0.9, 2.5, 15).to_json() == {"alpha": 35, "beta": 0.9, "lam": 2.5, "iterations": 15,
                                                          "temperature": 1}
    assert str(ParameterSet(35.0, 0.9, 2.5, 15, 3, False, 0.1)) == (
        "alpha 35, beta 0.9, lam 2.5, iterations 15, temperature 3, gamma 0.1")


def test_relative_contrast_is_named_where_it_is_true():
    sets = parameter_sets(GridConfig(relative_contrast=[False, True]), CRFConfig(alpha=20))
    assert [parameters.relative_contrast for parameters in sets] == [False, True, False]
    assert sets[1].to_json() == {"alpha": 20, "beta": 0.9, "lam": 2.5, "iterations": 15, "temperature": 1,
                                 "relative_contrast": True}
    assert "relative_contrast" not in sets[0].to_json()
    assert parameter_sets(GridConfig(), CRFConfig(relative_contrast=True))[0].relative_contrast
    assert not paper_set(GridConfig()).relative_contrast


def test_the_papers_set_has_its_own_temperature():
    sets = parameter_sets(GridConfig(lam=[2.5]), CRFConfig(temperature=3))
    assert [parameters.temperature for parameters in sets] == [3, 1]


def test_dense_sets_end_with_the_example():
    grid = DenseGridConfig(appearance=[5, 10], appearance_colour=[4, 8])
    sets = dense_parameter_sets(grid, DenseCRFConfig(smoothness=1, appearance_distance=20))
    assert sets == [DenseParameterSet(1, 3, 5, 20, 4, 10), DenseParameterSet(1, 3, 5, 20, 8, 10),
                    DenseParameterSet(1, 3, 10, 20, 4, 10), DenseParameterSet(1, 3, 10, 20, 8, 10), example_set()]
    assert example_set() == DenseParameterSet(3, 3, 10, 80, 13, 10)
    assert dense_parameter_sets(DenseGridConfig(), DenseCRFConfig()) == [example_set()]
    assert str(sets[0]) == ("smoothness 1, smoothness_distance 3, appearance 5, appearance_distance 20, "
                            "appearance_colour 4, iterations 10")
