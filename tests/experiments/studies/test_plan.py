"""The runs of a study and their order."""

from experiments.scoring.result_rows import STUDY_ROWS, find_rows, labelled_rows
from experiments.studies.plan import LABEL, NETS, TRAIN, identity, plan


def test_each_run_comes_after_those_that_it_needs():
    done = set()
    for run in plan(STUDY_ROWS, [3, 1], ["val", "drive"]):
        assert run.needs() <= done, run
        done.add(identity(run))


def test_stages_are_trained_once_a_seed_and_each_row_is_labelled_once_a_split():
    runs = plan(STUDY_ROWS, [0, 1], ["val", "drive"])
    trained = [(run.seed, run.stage) for run in runs if run.kind == TRAIN]
    assert len(trained) == len(set(trained)) == 2 * len({"stage1", "stage2", *(row.stage for row in STUDY_ROWS)})
    labelled = [(run.seed, run.split, row.key) for run in runs if run.kind == LABEL for row in run.rows]
    assert len(labelled) == len(set(labelled)) == 2 * 2 * len(labelled_rows(STUDY_ROWS))


def test_a_row_at_its_own_lambda_trains_and_labels_its_candidates():
    runs = plan(find_rows(["joint-8-own", "joint-8-lam5"]), [0], ["val"])
    keys = ["joint-8", "joint-8-lam5", "joint-8-lam10", "joint-8-lam20"]
    assert sorted(run.stage for run in runs if run.kind == TRAIN) == sorted(["stage1", "stage2", "stage3", *keys])
    assert sorted(row.key for run in runs if run.kind == LABEL for row in run.rows) == sorted(keys)


def test_rows_of_the_cnn_train_nothing_else():
    runs = plan(find_rows(["cnn", "cnn-t5"]), [0], ["val"])
    assert [(run.kind, run.stage) for run in runs] == [
        (NETS, ""), (TRAIN, "stage1"), (TRAIN, "stage2"), (TRAIN, "stage3"), (LABEL, "stage3")]


def test_training_from_scratch_needs_no_other_stage():
    runs = plan(find_rows(["scratch"]), [0], ["val"])
    assert [(run.kind, run.stage) for run in runs] == [(NETS, ""), (TRAIN, "scratch"), (LABEL, "scratch")]


def test_a_control_waits_for_the_stage_whose_iterations_it_takes():
    run, = (run for run in plan(find_rows(["control-x3"]), [7], ["val"]) if run.stage == "control-x3"
            and run.kind == TRAIN)
    assert (7, TRAIN, "stage4") in run.needs() and run.title == "seed 7, train control-x3"


def test_labels_wait_for_their_seeds_nets_even_where_all_weights_are_there():
    labels = [run for run in plan(STUDY_ROWS, [7], ["val"]) if run.kind == LABEL]
    assert labels and all({(7, NETS, ""), (7, TRAIN, run.stage)} <= run.needs() for run in labels)
