"""Results of benchmarks.caffe_steps as text."""

from benchmarks.results.growing_table import growing_table

HEADER = ("an iteration of", "seconds", "of processors", "peak memory")
GIGABYTE = 1e9


def table_lines(measured):
    """Yield the header, then a line per stage as it is measured.

    Parameters
    ----------
    measured : iterable
        Of what `benchmarks.measuring.caffe_train.measure_stages` yields.
    """
    return growing_table(HEADER, ((stage, f"{seconds:.1f}", f"{processor_seconds:.1f}", f"{peak / GIGABYTE:.1f} GB")
                                  for stage, seconds, processor_seconds, peak in measured))
