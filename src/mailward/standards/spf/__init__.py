"""SPF, whole (RFC 7208): records read, a message judged, lookups forecast, and a record completed without flattening.

It stands alone: it is handed a resolver, and passes the published test suite of the RFC."""

from mailward.standards.spf.evaluation import MOST_LOOKUPS, check_host
from mailward.standards.spf.forecast import ForecastLine, LookupForecast, forecast
from mailward.standards.spf.merging import holds, is_open, merge, with_end_of
from mailward.standards.spf.outcome import SpfCheck, SpfResult, SpfStep
from mailward.standards.spf.questions import MOST_VOIDS
from mailward.standards.spf.record import Directive, Modifier, Qualifier, SpfError, SpfRecord, is_spf, parse

__all__ = [
    "MOST_LOOKUPS",
    "MOST_VOIDS",
    "Directive",
    "ForecastLine",
    "LookupForecast",
    "Modifier",
    "Qualifier",
    "SpfCheck",
    "SpfError",
    "SpfRecord",
    "SpfResult",
    "SpfStep",
    "check_host",
    "forecast",
    "holds",
    "is_open",
    "is_spf",
    "merge",
    "parse",
    "with_end_of",
]
