#!/usr/bin/env python3
"""The standards against the programs that others use for them, on the same input in the same run: SPF evaluations per
second against pyspf's, DKIM signatures against dkimpy's, DMARC aggregate reports against parsedmarc."""

import argparse
import sys

import _dkim
import _reports
import _spf
from _figures import Report, run


def bench(asked: argparse.Namespace, report: Report) -> None:
    _spf.measure(report, asked.quick)
    _dkim.measure(report, asked.quick)
    _reports.measure(report, asked.quick)


if __name__ == "__main__":
    sys.exit(run("standards", __doc__ or "", bench))
