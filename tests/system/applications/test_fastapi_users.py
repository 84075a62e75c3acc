"""A static site with accounts of fastapi-users': its JWT cookie works, or is loud."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import chromium  # noqa: F401 (a fixture)
from tests.system.applications.installed import Project, copied, installed

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1200)]
CODE = """
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi_users import BaseUserManager, FastAPIUsers, IntegerIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, CookieTransport, JWTStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTable, SQLAlchemyUserDatabase
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SECRET = "a secret that is as long as it has to be"
engine = create_async_engine("sqlite+aiosqlite:///tides.db")
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTable[int], Base):
    id: Mapped[int] = mapped_column(primary_key=True)


class UserManager(IntegerIDMixin, BaseUserManager[User, int]):
    reset_password_token_secret = verification_token_secret = SECRET


async def managers():
    async with sessions() as session:
        yield UserManager(SQLAlchemyUserDatabase(session, User))


@asynccontextmanager
async def lifespan(app):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


backend = AuthenticationBackend(
    name="jwt",
    transport=CookieTransport(cookie_max_age=86_400),
    get_strategy=lambda: JWTStrategy(secret=SECRET, lifetime_seconds=86_400),
)
users = FastAPIUsers(managers, [backend])
app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(backend), prefix="/auth")
app.include_router(
    users.get_register_router(schemas.BaseUser[int], schemas.BaseUserCreate), prefix="/auth"
)


@app.get("/me")
async def me(user: User = Depends(users.current_user(optional=True))):
    return user.email if user else "a stranger"


app.mount("/", StaticFiles(directory="pages", html=True))
"""
PAGE = """<!doctype html><html lang=en><title>Tide</title>
<script src="/askfirst/static/askfirst.js" defer></script>
<p id=who></p><form><input name=username type=email><input name=password type=password>
<button>Sign in</button></form><button id=out>Sign out</button>
<script src="tide.js" defer></script>
"""
SCRIPT = """
const say = async () => { who.textContent = await (await fetch("/me")).json(); };
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const account = { email: form.get("username"), password: form.get("password") };
  const headers = { "content-type": "application/json" };
  await fetch("/auth/register", { method: "POST", headers, body: JSON.stringify(account) });
  await fetch("/auth/login", { method: "POST", body: new URLSearchParams(form) });
  await say();
});
out.addEventListener("click", async () => {
  await fetch("/auth/logout", { method: "POST" });
  await say();
});
say();
"""
SERVE = ("-m", "uvicorn", "tides:app", "--port", "PORT", "--no-access-log")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    site = installed(
        tmp_path_factory.mktemp("fastapi"), "fastapi-users[sqlalchemy]==15.0.5", "aiosqlite==0.22.1"
    )
    file = site.folder / "tides.py"
    file.write_text(CODE, "utf-8")
    pages = site.folder / "pages"
    pages.mkdir()
    (pages / "index.html").write_text(PAGE, "utf-8")
    (pages / "tide.js").write_text(SCRIPT, "utf-8")
    site.add_askfirst(file, "fastapi")
    return site


def sign_in(page: Page) -> None:
    page.locator("input[name=username]").fill("ada@shop.example")
    page.locator("input[name=password]").fill("high water at noon")
    with page.expect_response("**/auth/login"):
        page.get_by_role("button", name="Sign in").click()


def test_signing_in_and_being_remembered_survive(
    project: Project,
    chromium: Browser,  # noqa: F811
) -> None:
    """A visitor who refused is signed in, still so when the browser comes back, and signs out."""
    with project.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(site.origin)
        expect(page.locator("#who")).to_have_text("a stranger")
        page.get_by_role("button", name="Reject all", exact=True).click()
        expect(page.locator("#askfirst-notice")).to_have_count(0)
        sign_in(page)
        expect(page.locator("#who")).to_have_text("ada@shop.example")
        cookies = {cookie["name"]: cookie for cookie in context.cookies()}
        assert set(cookies) == {"fastapiusersauth", "__Host-askfirst"}
        assert cookies["fastapiusersauth"]["expires"] > 0, "it would not outlive the browser"
        later = chromium.new_context(storage_state=context.storage_state())
        page = later.new_page()
        page.goto(site.origin)
        expect(page.locator("#who")).to_have_text("ada@shop.example")
        expect(page.locator("#askfirst-notice")).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("#who")).to_have_text("a stranger")
        assert "was taken out" not in site.said
        later.close()
        context.close()


def test_what_is_not_declared_is_loud(project: Project, chromium: Browser) -> None:  # noqa: F811
    """Without its line nobody is signed in, and the log has the lines to paste."""
    other = copied(project, "undeclared")
    other.declare_nothing()
    with other.serving(*SERVE) as site:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(site.origin)
        sign_in(page)
        page.reload()
        expect(page.locator("#who")).to_have_text("a stranger")
        assert '[[necessary]]\ncookie = "fastapiusersauth"' in site.said
        context.close()
