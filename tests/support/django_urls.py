"""A site's urls with ours included."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("askfirst/", include("askfirst.django.urls"))]
