"""The API: REST under ``/api/v1``, described by OpenAPI. A thin face: each route calls one action."""
