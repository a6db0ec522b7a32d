"""Tables, targets and pictures of what was measured: modules that name no other benchmark are of benchmarks.crf."""
