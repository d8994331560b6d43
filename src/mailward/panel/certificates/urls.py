"""Addresses of this subject."""

from django.urls import path

from mailward.panel.certificates import getting, listing, one

urlpatterns = [
    path("certificates/", listing.certificates, name="certificates"),
    path("certificates/new/", listing.where, name="certificate-where"),
    path("certificates/new/<str:scope>/", getting.new, name="certificate-new"),
    path("certificates/<str:lineage>/", one.certificate, name="certificate"),
    path("certificates/<str:lineage>/live/", one.live, name="certificate-live"),
    path("certificates/<str:lineage>/renew/", one.renew, name="certificate-renew"),
    path("certificates/<str:lineage>/revoke/", one.revoke, name="certificate-revoke"),
    path("certificates/<str:lineage>/answer/", one.answer, name="certificate-answer"),
    path("certificates/<str:lineage>/request.csr", one.request_file, name="certificate-request"),
    path("certificates/<str:lineage>/<int:number>/<str:part>.pem", one.download, name="certificate-file"),
]
