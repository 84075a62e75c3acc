"""Names for our pages: `path("askfirst/", include("askfirst.django.urls"))`, `{% url %}`.

The middleware answers these paths before any view; the names are for links.
"""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import path

app_name = "askfirst"


def _answered_before(request: HttpRequest, **_: str) -> HttpResponse:
    raise ImproperlyConfigured(
        "nobody answered: put askfirst.django.ConsentMiddleware at the top of MIDDLEWARE, and "
        'these urls at path("askfirst/", …)'
    )


urlpatterns = [
    path("choices", _answered_before, name="choices"),
    path("policy", _answered_before, name="policy"),
    path("rights/me", _answered_before, name="rights"),
    path("host/", _answered_before, name="host"),
]
