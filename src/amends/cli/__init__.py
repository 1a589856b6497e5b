"""The command line: asks and shows; decides nothing."""
