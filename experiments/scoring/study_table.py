"""The results of a study as text: each row's mean and standard deviation over seeds, and paired differences."""

from experiments.scoring.edges import LEGEND
from experiments.scoring.text import aligned_table, percent


def format_study(result):
    """Lay out the results of a study on a split, a dictionary of `experiments.studies.results.Results`, as text."""
    details, titles = result["details"], result["details"]["titles"]
    header = ("", "seeds", "IoU classes", "IoU categories", "IoU at edges", "edges aligned",
              *(f"minus {titles[key]}" for key in references(details)))
    lines = [(titles[key], str(means["classes"]["n"]), spread(means["classes"]), spread(means["categories"]),
              spread(means["band"]), spread(means["axis_aligned"]),
              *(paired(details, key, reference) for reference in references(details)))
             for key, means in details["means"].items()]
    lines.append(("truth", *[""] * 4, percent(details["axis_aligned_truth"]), *[""] * (len(header) - 6)))
    blocks = f"{details['blocks']} blocks of images" if details["blocks"] else "no images yet"
    return "\n".join([
        f"{details['dataset']}, {details['split']}: {details['images']} images ({blocks}) at {details['resolution']}; "
        "mean and standard deviation over seeds; paired differences in IoU over classes with 95 % t-intervals over "
        "seeds", "", aligned_table(header, lines), "", LEGEND])


def references(details):
    """Return the keys of the rows that others are compared with: joint, also at its own lambda, the best control."""
    compared = {entry["second"] for entry in details["differences"]}
    return [key for key in ("joint", "joint-own", details["best"]["control"]) if key in compared]


def spread(entry):
    """Return "mean ± standard deviation", "-" where there is no value."""
    if entry is None:
        return "-"
    return f"{entry['mean']:.2f}" + ("" if entry["sd"] is None else f" ± {entry['sd']:.2f}")


def paired(details, first, second):
    """Return the mean difference of two rows with its t-interval over seeds, "" where they are not compared."""
    entry = next((entry["over_seeds"] for entry in details["differences"]
                  if (entry["first"], entry["second"]) == (first, second)), None)
    if entry is None:
        return ""
    return f"{entry['mean']:+.2f}" + ("" if entry["low"] is None else f" ({entry['low']:+.2f} to {entry['high']:+.2f})")
