"""The result of an evaluation as text: a line per row, columns per split, the paper's figures beside."""

from experiments.scoring.edges import LEGEND
from experiments.scoring.result_rows import ROWS, ROWS_BY_KEY
from experiments.scoring.text import aligned_table, difference, percent
from experiments.scoring.training_notes import training_notes


def format_evaluations(results):
    """Lay out evaluations as text.

    Parameters
    ----------
    results : list of dict
        As `experiments.prediction.evaluation.evaluate` returns them, of one experiment's splits.

    Returns
    -------
    str
        What was scored, the table, each split's differences with their intervals, and what to know of the training.
    """
    scored = [{**{row.key: result[row.key] for row in ROWS}, **result["details"]["further_rows"]}
              for result in results]
    header = [""]
    for result in results:
        split = result["details"]["split"]
        header += [f"{split}: IoU classes", "IoU categories", "pixels right", "IoU at edges", "edges aligned"]
    lines = []
    for row in (ROWS_BY_KEY[key] for key in dict.fromkeys(key for rows in scored for key in rows)):
        cells = [cell for result, rows in zip(results, scored) for cell in _cells(result["details"], rows, row.key)]
        published = "{:.1f} / {:.1f}".format(*row.published) if row.published else ""
        lines.append((row.title, *cells, published))
    truth = [cell for result in results for cell in (*[""] * 4, percent(_aligned_truth(result)))]
    lines.append(("truth", *truth, ""))
    table = aligned_table((*header, "paper (Cityscapes)"), lines)
    differences = [line for result in results for line in _differences(result)]
    notes = dict.fromkeys(note for result in results for note in training_notes(result["details"]))
    return "\n".join([*map(_subject, results), "", table, "", LEGEND, *differences, *([""] if notes else []), *notes])


def _cells(details, scored, key):
    if key not in scored:  # a row that was trained since this split was scored
        return [""] * 5
    edges = details["edges"][key]
    return [percent(scored[key]["classes"]), percent(scored[key]["categories"]),
            percent(details["pixel_accuracy"][key]), percent(edges["band"]), percent(edges["axis_aligned"])]


def _aligned_truth(result):
    return next(iter(result["details"]["edges"].values()))["axis_aligned_truth"]


def _subject(result):
    details = result["details"]
    return (f"{details['dataset']}, {details['split']}: {details['images']} images at {details['resolution']}, "
            "in percent")


def _differences(result):
    details = result["details"]
    yield ""
    yield (f"Differences in IoU classes on {details['split']}, with 95 % intervals over {details['blocks']} blocks of "
           "images, for these weights:")
    for entry in details["differences"]:
        yield f"{ROWS_BY_KEY[entry['first']].title} minus {ROWS_BY_KEY[entry['second']].title}: {difference(entry)}"
