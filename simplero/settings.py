"""Settings, all from the environment; the table in README.md says what each means."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)  # demo data and the outbox page, without DEBUG's tracebacks
SECRET_KEY = env(
    "SECRET_KEY", default="development only, not a secret, fifty characters or more" if DEBUG else environ.Env.NOTSET
)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Seals the keys of payment providers in the database; a change of SECRET_KEY then costs nobody theirs.
SECRETS_KEY = env("SECRETS_KEY", default=SECRET_KEY)
SECRETS_KEY_FALLBACKS = env.list("SECRETS_KEY_FALLBACKS", default=SECRET_KEY_FALLBACKS)
STRIPE_API = env("STRIPE_API", default="")  # another address than Stripe's own, for tests
# Ours, for links in mails that no request asks for; without it they would lead nowhere, and nobody would notice here.
SITE_URL = (env("SITE_URL", default="") or ("http://localhost:8000" if DEBUG or DEMO else "")).rstrip("/")
if not (SITE_URL.startswith(("https://", "http://")) and urlsplit(SITE_URL).hostname):
    raise ImproperlyConfigured(
        "SITE_URL, our own address such as https://credits.example, is missing: links in mails begin with it."
    )
# Exactly these, and the hosts that shops have proven to be theirs. The second stand in a table, so Django's own check lets
# everything pass and simplero.web.hosts, before any other middleware, is the one that refuses.
OWN_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG or DEMO else [])
ALLOWED_HOSTS = ["*"]
DNS_SERVER = env("DNS_SERVER", default="")  # address:port; empty: the system's own
# For trying webhooks out in development and demonstration: host:port=address, called by plain http.
TRIAL_HOSTS = env.dict("TRIAL_HOSTS", default={})
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "simplero.tenancy",
    "simplero.outbox",
    "simplero.mail",
    "simplero.pictures",
    "simplero.audit",
    "simplero.web",
    "contacts",
    "credits",
    "products",
    "automations",
    "triggers",
    "simplero.finding",
    "simplero.bulk",
    "simplero.imports",
    "simplero.team",
    "simplero.pages",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_cotton",
    "lucide",
]

MIDDLEWARE = [
    "simplero.web.hosts.Hosts",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simplero.web.sessions.SessionLimits",
    "contacts.views.signposts.Signposts",
]

ROOT_URLCONF = "simplero.urls"
WSGI_APPLICATION = "simplero.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "simplero.web.shell.context",
            ],
        },
    }
]
COTTON_DIR = "components"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


# Databases: the application's role, and beside it the owner's address for migrations and test databases only.


def database(url: str, **options: str) -> dict[str, Any]:
    """Django's settings for a postgresql:// address."""
    at = urlsplit(url)
    return {
        "ENGINE": "simplero.tenancy.postgres",
        "NAME": unquote(at.path[1:]),
        "HOST": at.hostname or "",
        "PORT": at.port or "",
        "USER": unquote(at.username or ""),
        "PASSWORD": unquote(at.password or ""),
        "OPTIONS": {"options": " ".join(f"-c {name}={value}" for name, value in options.items())},
    }


# What a query without a scope reads in its error: invalid input syntax for type bigint: "no_scope_is_open".
NO_SCOPE = {"app.account_id": "no_scope_is_open"}
STATEMENT_TIMEOUT = env.int("STATEMENT_TIMEOUT", default=60_000)  # milliseconds

DATABASE_URL = env("DATABASE_URL", default="")
DATABASE_OWNER_URL = env("DATABASE_OWNER_URL", default="")
BACKUP_DATABASE_URL = env("BACKUP_DATABASE_URL", default="")  # of a role that reads everything: for `manage.py backup`
if not DATABASE_URL:
    named = "DATABASE_OWNER_URL names the owner's address, but " if DATABASE_OWNER_URL else ""
    raise ImproperlyConfigured(
        f"{named}DATABASE_URL, the address of the application's role, is missing. `make run` and `make test` start a database of their own."
    )
APP_ROLE = unquote(urlsplit(DATABASE_URL).username or "")
DATABASES = {
    "default": {
        **database(DATABASE_URL, **NO_SCOPE, statement_timeout=STATEMENT_TIMEOUT),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
    }
}
if DATABASE_OWNER_URL:
    owner = database(DATABASE_OWNER_URL, **NO_SCOPE)
    DATABASES["default"]["OWNER"] = {key: owner[key] for key in ("USER", "PASSWORD", "OPTIONS")}

REDIS_URL = env("REDIS_URL", default="")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}


# People: staff sign in by e-mail and password, with a second factor; see templates/account and templates/mfa.

AUTH_USER_MODEL = "tenancy.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "landing"
ACCOUNT_ADAPTER = "simplero.team.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "simplero.team.forms.SignInForm",
    "signup": "simplero.team.forms.SignUpForm",
    "reset_password": "simplero.team.forms.ResetForm",
    "reset_password_from_key": "simplero.team.forms.NewPasswordForm",
    "change_password": "simplero.team.forms.ChangePasswordForm",
    "add_email": "simplero.team.forms.ChangeEmailForm",
    "reauthenticate": "simplero.team.forms.PasswordAgainForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True  # one address a person, changed by confirming the new one
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # and by giving the password again
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second factor is told by mail
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {
    # By origin, and by origin and address together (simplero.team.adapters): nobody locks somebody else out.
    "login_failed": "50/15m/ip,10/15m/key",
    "signup": "20/h/ip",
    "reset_password": "20/15m/ip,5/15m/key",
    "invitation": "60/15m/ip",
    "order": "30/h/ip",  # of somebody who has not signed in to the shop
    "order_for": "5/h/key",  # all of theirs for one address
}
PASSWORD_RESET_TIMEOUT = 600  # seconds; ASVS 6.5.5: a link sent by mail lives ten minutes at most
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # a code of the half-minute before or after: phones' clocks are a little off
MFA_TOTP_ISSUER = "Simplero Credits"
MFA_ADAPTER = "simplero.team.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "simplero.team.forms.CodeForm",
    "reauthenticate": "simplero.team.forms.CodeAgainForm",
    "activate_totp": "simplero.team.forms.ActivateForm",
}
SESSION_ENGINE = "simplero.web.sessionstore"
SESSION_COOKIE_AGE = 14 * 24 * 3600  # the longest; simplero.web.sessions ends idle ones
SESSION_COOKIE_HTTPONLY = True


# What browsers are told.

SECURE = not (DEBUG or DEMO)  # behind TLS; `make run` serves plain http on this machine only
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = ("__Host-session", "__Host-csrf") if SECURE else ("session", "csrf")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=SECURE)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_PROXY", default=False):  # one that sets this header itself, always
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # its X-Forwarded-For says whose attempts are counted
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}


# Words, days and files.

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = None if DEBUG or DEMO else BASE_DIR / "var" / "static"  # where finders serve, nothing is collected
# The second is what simplero.web.fonts makes before anything is served.
STATICFILES_DIRS = [folder for folder in (BASE_DIR / "static", BASE_DIR / "var" / "assets") if folder.is_dir()]
if DEBUG or DEMO:
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = DEBUG
else:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

FILE_UPLOAD_HANDLERS = [
    "simplero.web.uploads.Limit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Simplero Credits <credits@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ADMINS = [("Operator", address) for address in env.list("ADMINS", default=[])]
EMAIL_BACKEND = "simplero.mail.backend.RowsBackend"
EMAIL_URL = env(
    "EMAIL_URL", default=""
)  # smtp+tls://user:password@host (STARTTLS), smtps:// or smtp://; empty: messages stay in the outbox
EMAIL_TIMEOUT = 10


# Seconds after which the jobs of a worker that died are done by others.
OUTBOX_LEASE = env.int("OUTBOX_LEASE", default=30)

# Celery only nudges: what is due stands in Postgres. How it is set, and why, stands in simplero/celery.py.

CELERY_BROKER_URL = REDIS_URL or "memory://"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redacting": {"()": "simplero.web.errorlog.Redacting"},
        "not_debugging": {"()": "django.utils.log.RequireDebugFalse"},
    },
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["redacting"]},
        "mail_admins": {
            "class": "simplero.web.errorlog.OperatorMail",
            "level": "ERROR",
            "filters": ["not_debugging", "redacting"],
            "include_html": False,
            "reporter_class": "simplero.web.errorlog.BareReport",
        },
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": ["console", "mail_admins"], "level": "INFO", "propagate": False},
        # Strangers asking for hosts that are not ours, or sending too much: nothing of ours broke, so nobody is told.
        "django.security.DisallowedHost": {"handlers": ["console"], "propagate": False},
        "django.security.RequestDataTooBig": {"handlers": ["console"], "propagate": False},
        "django.server": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},  # below that it writes what is sent, customers' addresses too
    },
}
