"""The API's addresses, joined from its subjects, beside its document and the page that explains it."""

from django.urls import path

from mailward.api.joined import FACE
from mailward.api.pages import docs_page, document_json, operation_page

urlpatterns = [
    path("api/v1/openapi.json", document_json, name="openapi"),
    path("api/v1/", FACE.urls),
    path("api-docs/", docs_page, name="api-docs"),
    path("api-docs/<str:name>/", operation_page, name="api-docs-operation"),
]
