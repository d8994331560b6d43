"""Reports that other mail servers sent about domains here: DMARC (RFC 9990) and TLS (RFC 8460)."""

from django.db import models


class AggregateReport(models.Model):
    """One DMARC aggregate report."""

    domain = models.CharField(max_length=253, db_index=True)  # whose policy it is about
    organisation = models.CharField(max_length=250)
    report_id = models.CharField(max_length=250)
    begins_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    policy = models.JSONField(default=dict)
    sender = models.CharField(max_length=253, blank=True)  # the domain that the message says it is from
    proven = models.BooleanField(default=False)  # DMARC says that it is: anybody can mail a report
    left_out = models.IntegerField(default=0)  # rows that made no sense, or were too many
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "organisation", "report_id"], name="one_report_per_id")]


class AggregateRow(models.Model):
    """Messages of one source in a report."""

    report = models.ForeignKey(AggregateReport, on_delete=models.CASCADE, related_name="rows")
    source = models.CharField(max_length=45)  # an IP address
    count = models.BigIntegerField()
    disposition = models.CharField(max_length=12)
    dkim_aligned = models.BooleanField()
    spf_aligned = models.BooleanField()
    header_from = models.CharField(max_length=253)
    passed_as = models.CharField(max_length=253, blank=True)  # not aligned, but SPF or DKIM passed for this domain
    results = models.JSONField(default=dict)  # what DKIM and SPF said, by domain and selector


class TlsReport(models.Model):
    """One TLS report, with its policies and failures as parsed."""

    domain = models.CharField(max_length=253, db_index=True)
    organisation = models.CharField(max_length=250)
    report_id = models.CharField(max_length=250)
    begins_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    succeeded = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    failures = models.JSONField(default=list)
    sender = models.CharField(max_length=253, blank=True)
    proven = models.BooleanField(default=False)
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "organisation", "report_id"], name="one_tls_report_per_id")
        ]
