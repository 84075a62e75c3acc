"""The app: it holds the one gate of a process, and brings its checks."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import register
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from askfirst.adapters.blocking import BlockingAdapter

from . import conf


class AskfirstConfig(AppConfig):
    """`"askfirst.django"` in INSTALLED_APPS."""

    name = "askfirst.django"
    label = "askfirst"
    verbose_name = "askfirst"

    def ready(self) -> None:
        """Bring the checks, and follow settings that tests override."""
        from .checks import check_all

        register(check_all)
        setting_changed.connect(self._forget)

    @cached_property
    def adapter(self) -> BlockingAdapter:
        """The gate of this process, built from the settings at first use."""
        options: dict[str, Any] = conf.read()
        return BlockingAdapter(**options)

    def _forget(self, *, setting: str, **_: object) -> None:
        if setting == conf.NAME:
            self.__dict__.pop("adapter", None)


def adapter() -> BlockingAdapter:
    """The gate; raises ImproperlyConfigured without the app."""
    for config in apps.get_app_configs():
        if isinstance(config, AskfirstConfig):
            return config.adapter
    raise ImproperlyConfigured('add "askfirst.django" to INSTALLED_APPS')
