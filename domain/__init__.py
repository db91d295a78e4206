"""What datasets, items, annotations, releases, benchmarks and results are: values and rules, no I/O."""
