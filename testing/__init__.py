"""Contract suites for every port: run them against your own adapter."""
