"""The panel as a WSGI application (PEP 3333). Which store it reads was told before: see ``bootstrap.use_store``."""

from django.core.handlers.wsgi import WSGIHandler

application = WSGIHandler()
