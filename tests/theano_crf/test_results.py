"""Results are tuples of fixed length, whatever else they carry."""
from theano_crf.results import Solution, Structured


def test_a_solution_unpacks_to_three():
    labels, lower_bound, energy = solution = Solution(1, 2, 3, proven=True)
    assert (labels, lower_bound, energy) == (1, 2, 3) and solution.proven
    assert Solution(1, 2, 3).proven is None


def test_a_structured_loss_unpacks_to_five():
    structured = Structured(1, 2, 3, 4, 5, 6)
    assert tuple(structured) == (1, 2, 3, 4, 5) and structured.grad_compatibility == 6
    assert Structured(1, 2, 3, 4, 5).grad_compatibility is None
