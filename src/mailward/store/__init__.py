"""Declared state and records: Django models, migrations, and their translation to and from the model's values.

The store is never needed for service: what daemons read is published from it.

Importing anything of this package makes Django ready, so that tables can be imported anywhere; which file they are in is
told afterwards (``place.use``), before the first of them is touched.
"""

import os

import django
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailward.django_settings")
if not (apps.ready or apps.loading):
    django.setup()
