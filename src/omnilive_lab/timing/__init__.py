"""The scripts in `bench/`: run, compared, drawn over time."""
