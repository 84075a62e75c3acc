"""The site for servers: gunicorn -k gthread --threads 8 serve:wsgi, or uvicorn serve:asgi"""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "app"

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

wsgi = get_wsgi_application()
asgi = get_asgi_application()
