"""Django's settings, for commands, the steward and the panel's process alike; nothing in here is secret.

Which database it is, is told by ``store/place.py`` (or ``MAILWARD_STORE``); the panel's process brings a key of its own
(``secrets/panel.key``). Sessions, CSRF, passwords and second factors are Django's and allauth's.
"""

import os

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("MAILWARD_STORE", ":memory:"),
        "CONN_MAX_AGE": 60,  # seconds: a store that was put back from a backup is seen within a minute
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            " PRAGMA temp_store=MEMORY;",
        },
    }
}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "mailward.store",
    "mailward.web",
    "mailward.panel",
    "mailward.api",
]
AUTH_USER_MODEL = "store.Account"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LOGGING_CONFIG = None
SECRET_KEY = os.environ.get("MAILWARD_SECRET_KEY", "nothing is signed but by the panel, which has a key of its own")
ROOT_URLCONF = "mailward.bootstrap.urls"
ALLOWED_HOSTS = ["*"]  # nginx decides which names reach the panel
MIDDLEWARE = [
    "mailward.web.headers.Headers",
    "mailward.api.answers.Answers",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "mailward.web.language.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mailward.web.asking.Asking",
    "mailward.panel.signin.gate.Gate",
    "mailward.panel.troubles.Troubles",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "mailward.panel.frame.frame",
            ]
        },
    },
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["mailward.store.hashing.Argon2"]
LANGUAGES = [("en", "English"), ("nl", "Nederlands"), ("de", "Deutsch"), ("fr", "Français")]
USE_I18N = True
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-mailward"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would sign people out on every link from a mail
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "__Host-mailward-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# None leaves the panel. "no-referrer" would make browsers send "Origin: null" with our own forms, and CSRF refuse them.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
USE_X_FORWARDED_HOST = False
CACHES = {
    "default": {
        # Counts against guessers, in the memory of the panel's one process. Few entries would let many guessers push out
        # what is known of them.
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
ACCOUNT_ADAPTER = "mailward.panel.signin.adapters.Accounts"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # allauth wants to be told; there is no page for it
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are invited; nothing is ever mailed
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_LOGIN_TIMEOUT = 600  # seconds between the password and the second factor
ACCOUNT_RATE_LIMITS = {
    # Counted in the memory of the panel's only process. "key" is an account, whatever address tries it.
    "login": "30/m/ip",
    "login_failed": "10/m/ip,60/h/ip,5/300s/key",
    "reauthenticate": "10/m/user",
    "invitation": "20/m/ip",
}
MFA_ADAPTER = "mailward.panel.signin.adapters.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RECOVERY_CODE_DIGITS = 10
MFA_TOTP_TOLERANCE = 1  # thirty seconds of a phone's wrong clock
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]  # keys are never put on disk in clear
