"""groundtruth: one library and command line for the whole life of labelled data."""
