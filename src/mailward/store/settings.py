"""Django's settings. The database is told by the environment: ``MAILWARD_STORE`` (a path), or an in-memory one."""

import os

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("MAILWARD_STORE", ":memory:"),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
    }
}
INSTALLED_APPS = ["mailward.store", "mailward.panel"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
SECRET_KEY = os.environ.get("MAILWARD_SECRET_KEY", "the status page signs nothing")
ROOT_URLCONF = "mailward.panel.urls"
ALLOWED_HOSTS = ["*"]  # nginx decides which names reach the panel
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "mailward.panel.headers.Headers",
]
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}},
]
LOGGING_CONFIG = None
