"""Flask-Security with Flask-Admin behind the gate: all of it works, or the log says why."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import chromium  # noqa: F401 (a fixture)
from tests.system.applications.installed import Project, copied, installed

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1200)]
CODE = """
from flask import Flask, render_template_string
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_security import current_user
from flask_security import Security, SQLAlchemyUserDatastore, hash_password
from flask_security.models import fsqla_v3 as fsqla
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update(
    SECRET_KEY="a secret", SECURITY_PASSWORD_SALT="146585145368132386173505678016728509634",
    SQLALCHEMY_DATABASE_URI="sqlite:///site.db", SECURITY_PASSWORD_HASH="pbkdf2_sha512",
    SECURITY_SINGLE_HASH=True, SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
)
db = SQLAlchemy(app)
fsqla.FsModels.set_db_info(db)


class Role(db.Model, fsqla.FsRoleMixin):
    pass


class User(db.Model, fsqla.FsUserMixin):
    pass


class People(ModelView):
    column_list = form_columns = ("email", "active")

    def is_accessible(self):
        return current_user.is_authenticated


security = Security(app, SQLAlchemyUserDatastore(db, User, Role))
Admin(app, name="Tide").add_view(People(User, db, name="People", endpoint="people"))
with app.app_context():
    db.create_all()
    if not security.datastore.find_user(email="ada@shop.example"):
        security.datastore.create_user(
            email="ada@shop.example", password=hash_password("high water at noon")
        )
    db.session.commit()


@app.get("/")
def home():
    return render_template_string(
        "<!doctype html><title>Tide</title>{{ askfirst_script() }}"
        "<p>{{ current_user.email if current_user.is_authenticated else 'a stranger' }}</p>"
        "<form method=post action=/logout><button>Sign out</button></form>{{ askfirst_notice() }}"
    )
"""
SERVE = ("-m", "flask", "--app", "tides:app", "run", "--port", "PORT", "--no-debugger")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = installed(
        tmp_path_factory.mktemp("security"),
        "flask-security[fsqla,common]==5.9.2",
        "flask-admin[sqlalchemy]==2.2.1",
    )
    file = made.folder / "tides.py"
    file.write_text(CODE, "utf-8")
    made.add_askfirst(file, "flask")
    return made


def sign_in(page: Page, origin: str) -> None:
    page.goto(f"{origin}/login")
    page.locator("input[name=email]").fill("ada@shop.example")
    page.locator("input[name=password]").fill("high water at noon")
    page.locator("input[name=remember]").check()
    page.locator("form[name=login_user_form] input[type=submit]").click()


def test_signing_in_and_being_remembered_survive(
    project: Project,
    chromium: Browser,  # noqa: F811
) -> None:
    """A visitor who refused is signed in, remembered without a session, and signs out."""
    with project.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(site.origin)
        page.get_by_role("button", name="Reject all", exact=True).click()
        expect(page.locator("#askfirst-notice")).to_have_count(0)
        sign_in(page, site.origin)
        expect(page.get_by_text("ada@shop.example")).to_be_visible()
        assert {"session", "remember_token"} <= {cookie["name"] for cookie in context.cookies()}
        page.goto(f"{site.origin}/admin/people/edit/?id=1")
        page.locator("input[type=submit]").first.click()
        # Said by the session, on the page that the form leads to.
        expect(page.get_by_text("Record was successfully saved.")).to_be_visible()
        context.clear_cookies(name="session")
        page.goto(site.origin)
        expect(page.get_by_text("ada@shop.example")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("a stranger")).to_be_visible()
        assert "was taken out" not in site.said
        context.close()


def test_what_is_not_declared_is_loud(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Without their lines nobody is signed in, and the log has the lines to paste."""
    other = copied(project, "undeclared")
    other.declare_nothing()
    with other.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        sign_in(page, site.origin)
        page.goto(site.origin)
        expect(page.get_by_text("a stranger")).to_be_visible()
        assert '[[necessary]]\ncookie = "session"' in site.said
        context.close()
