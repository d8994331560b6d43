"""The outside world, told: fakes of model/outside.py that tests hand in as arguments. The contract suite (tests/contract)
runs the same tests over each fake and over the real thing, so that no fake promises what the real one does not do."""
