"""A shop of django-oscar's behind the gate: the basket stays, what was looked at waits."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import chromium  # noqa: F401 (a fixture)
from tests.system.applications.installed import Project, copied, installed

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1200)]
SERVE = ("manage.py", "runserver", "--noreload", "127.0.0.1:PORT")
SETTINGS = """
from pathlib import Path
from oscar.defaults import *

BASE = Path(__file__).resolve().parent
SECRET_KEY, DEBUG, ALLOWED_HOSTS, ROOT_URLCONF, SITE_ID = "a secret", True, ["*"], "urls", 1
DEFAULT_AUTO_FIELD, USE_TZ, STATIC_URL = "django.db.models.BigAutoField", True, "/static/"
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3", "NAME": BASE / "shop.db", "ATOMIC_REQUESTS": True,
}}
_AREAS = (
    "analytics", "checkout", "address", "shipping", "catalogue", "communication", "partner",
    "basket", "payment", "offer", "order", "customer", "search", "voucher", "wishlists",
    "dashboard",
)
_DESKS = (
    "reports", "users", "orders", "catalogue", "offers", "partners", "pages", "ranges", "reviews",
    "vouchers", "communications", "shipping",
)
INSTALLED_APPS = [
    *(f"django.contrib.{name}" for name in (
        "admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "sites", "flatpages"
    )),
    "oscar.config.Shop",
    *(f"oscar.apps.{area}.apps.{area.title()}Config" for area in _AREAS),
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    *(f"oscar.apps.dashboard.{desk}.apps.{desk.title()}DashboardConfig" for desk in _DESKS),
    "widget_tweaks", "haystack", "treebeard", "sorl.thumbnail", "django_tables2",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [BASE / "templates"], "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
        "oscar.apps.search.context_processors.search_form",
        "oscar.apps.checkout.context_processors.checkout",
        "oscar.apps.communication.notifications.context_processors.notifications",
        "oscar.core.context_processors.metadata",
    ]},
}]
AUTHENTICATION_BACKENDS = ("oscar.apps.customer.auth_backends.EmailBackend",)
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
"""
MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop_settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
URLS = """
from django.apps import apps
from django.urls import include, path
urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
"""
GOODS = """
from decimal import Decimal
from oscar.core.loading import get_model
kind = get_model("catalogue", "ProductClass").objects.create(name="Book", track_stock=False)
book = get_model("catalogue", "Product").objects.create(product_class=kind, title="Tide tables")
partner = get_model("partner", "Partner").objects.create(name="Harbour")
get_model("partner", "StockRecord").objects.create(
    product=book, partner=partner, partner_sku="1", price=Decimal("9.00")
)
"""
NOTICE = "{% load askfirst %}{% askfirst_script %}{% askfirst_notice %}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = installed(
        tmp_path_factory.mktemp("oscar"), "django-oscar[sorl-thumbnail]==4.2.1", "django<6"
    )
    for name, text in [
        ("shop_settings.py", SETTINGS),
        ("manage.py", MANAGE),
        ("urls.py", URLS),
        ("templates/oscar/partials/footer.html", NOTICE),
    ]:
        file = made.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    made.add_askfirst(made.folder / "shop_settings.py", "django")
    made.run("manage.py", "migrate", "-v0")
    made.run("manage.py", "shell", "-c", GOODS)
    return made


def buy(page: Page, origin: str) -> None:
    page.goto(f"{origin}/catalogue/tide-tables_1/")
    page.locator("form[action*=basket] [type=submit]").first.click()
    page.wait_for_load_state()
    page.goto(f"{origin}/basket/")


def test_the_basket_stays(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Of somebody who refused, the basket; what was looked at is no necessity, and is named."""
    with project.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{site.origin}/catalogue/")
        page.get_by_role("button", name="Reject all", exact=True).click()
        expect(page.locator("#askfirst-notice")).to_have_count(0)
        buy(page, site.origin)
        expect(page.get_by_role("link", name="Tide tables").first).to_be_visible()
        names = {cookie["name"] for cookie in context.cookies()}
        assert "oscar_open_basket" in names
        assert "oscar_history" not in names
        assert 'cookies = ["oscar_history"]' in site.said
        assert "the cookie oscar_open_basket" not in site.said
        context.close()


def test_what_is_not_declared_is_loud(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Without its line the basket is lost, and the log has the lines to paste."""
    other = copied(project, "undeclared")
    file = other.folder / "policy.toml"
    lines = file.read_text("utf-8").replace('"oscar_open_basket"', '"another_basket"')
    file.write_text(lines, "utf-8")
    with other.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        buy(page, site.origin)
        expect(page.get_by_role("link", name="Tide tables")).to_have_count(0)
        assert '[[necessary]]\ncookie = "oscar_open_basket"' in site.said
        context.close()
