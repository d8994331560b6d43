"""One file per verb: observe, plan, stage, check, apply, verify, record; and run.py, which is the sentence."""
