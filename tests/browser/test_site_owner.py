"""The faces of sites, placed collectors and the host policy, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from askfirst_collector.usecases.placed_collectors import set_collector_state
from tests.browser.host_world import PASSWORD, Host, free_port, profile, violations
from tests.support.collectors import policy
from tests.support.people import admin
from tests.support.placing import save, tides

pytestmark = pytest.mark.browser


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with ExitStack() as stack:
        yield Host(tmp_path, stack)


def tab_to(page: Page, selector: str, most: int = 120) -> None:
    """Reach an element by the Tab key alone."""
    for _ in range(most):
        if page.evaluate("s => document.activeElement?.matches(s) ?? false", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by the keyboard")


def agree_and_read_on(chromium: Browser, origin: str, host: Host, site: str) -> None:
    """A visitor agrees, then opens another page, which is counted."""
    context = profile(chromium)
    page = context.new_page()
    page.goto(origin)
    with page.expect_response("**/askfirst/consent") as answer:
        page.click("button[value=accept_all]")
    assert answer.value.ok
    with page.expect_response("**/askfirst/events") as stored:
        page.goto(f"{origin}/two")
    assert stored.value.status == 202
    context.close()


@pytest.mark.parametrize("way", ["relay", "embedded"])
def test_from_the_invitation_to_the_first_counted_visit(
    host: Host, chromium: Browser, tmp_path: Path, way: str
) -> None:
    """A site owner gets there by following one page of the dashboard."""
    port = free_port()
    origin = f"http://localhost:{port}"
    context = profile(chromium, accept_downloads=True)
    page = context.new_page()
    page.goto(host.invite("shop"))
    for field, value in (("name", "olive"), ("password", PASSWORD), ("again", PASSWORD)):
        page.fill(f"#{field}", value)
    page.click("button.primary")
    page.wait_for_url("**/sites/shop/start")

    page.fill("#origin", f"{origin}/index.html")
    page.fill("#controller", "Olive & Sons")
    page.fill("#contact", "olive@shop.example")
    page.fill("#country", "ie")
    page.get_by_role("button", name="See what visitors will be asked").click()
    expect(page.get_by_text("To learn which pages are read")).to_be_visible()
    assert host.parts.registry.site("shop") is None, "nothing is in force before it was confirmed"
    page.get_by_role("button", name="Publish it").click()
    page.wait_for_url("**/sites/shop/start")

    key = ""
    if way == "relay":
        page.get_by_role("button", name="Create key").click()
        key = page.inner_text("#key").strip()
        page.get_by_role("link", name="Go on: copy the lines").click()
        expect(page.get_by_text(f'"{host.origin}"')).to_be_visible()
    else:
        page.get_by_role("link", name="Embedded").click()
        expect(page.get_by_text("needs none")).to_be_visible()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Download policy.toml").click()
    file = tmp_path / "policy.toml"
    downloaded.value.save_as(file)
    if way == "relay":
        host.relay_site(port, file, key)
    else:
        host.embedded_site(port, file)
    expect(page.locator("li.now h2").first).to_contain_text("Copy these lines")

    agree_and_read_on(chromium, origin, host, "shop")
    page.get_by_role("link", name="look again here").click()
    expect(page.locator(".steps > li.done")).to_have_count(6)
    expect(page.get_by_text("It works")).to_be_visible()
    site = host.parts.registry.site("shop")
    assert site is not None
    assert len(site.editions) == 1, "the file that was downloaded is the policy in force"
    context.close()


def test_a_collector_is_placed_by_the_keyboard_alone(host: Host, chromium: Browser) -> None:
    """Conflicts beside their fields, cut by choice, then on its pages."""
    host.parts.registry.publish(policy("standard"))
    host.member("olive", "shop")
    context = profile(chromium)
    page = host.signed_in(context, "olive")
    page.goto(host.address("/sites/shop/place"))
    tab_to(page, "#collector")
    page.keyboard.type("tides")
    tab_to(page, "[id='controller.name']")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("Tide Ltd")
    tab_to(page, "#pages")
    page.keyboard.type("/tides/**")
    tab_to(page, "[id='use.statistics.on']")
    page.keyboard.press("Space")
    for field, text in (("title.en", "Tide counter"), ("description.en", "Counts readers.")):
        tab_to(page, f"[id='use.statistics.{field}']")
        page.keyboard.type(text)
    tab_to(page, "[id='use.statistics.retention_days']")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("700")
    page.keyboard.press("Enter")

    days = page.locator("[id='use.statistics.retention_days']")
    expect(days).to_have_value("700")
    expect(days).to_have_attribute("aria-invalid", "true")
    beside = page.locator("[id='use.statistics.retention_days-problem']")
    expect(beside).to_contain_text("Write 365 or less")
    assert host.parts.placed_collectors.all("shop") == ()

    tab_to(page, "button[value=clamp]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What would be cut")).to_be_visible()
    expect(page.locator("main")).to_contain_text("700")
    assert host.parts.placed_collectors.all("shop") == (), "nothing is saved before it was seen"
    tab_to(page, "main form button.primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/collectors/tides")
    expect(page.locator("main")).to_contain_text("data-askfirst-collector=")
    tab_to(page, "main button[value=active]")
    page.keyboard.press("Enter")
    expect(page.locator("main .facts .state")).to_have_text("on its pages")
    (found,) = host.parts.placed_collectors.all("shop")
    assert found.placed.policy.purposes["statistics"].terms.retention_days == 365
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_host_policy_is_lowered_with_sliders_or_selects(
    host: Host, chromium: Browser, scripts: bool
) -> None:
    """A slider each, selects without JavaScript; seen before saved."""
    host.parts.registry.publish(policy("standard"))
    host.member("olive", "shop")
    context = profile(chromium, java_script_enabled=scripts)
    said: list[str] = []
    page = host.signed_in(context, "ada")
    page.on("console", lambda message: said.append(message.text))
    page.goto(host.address("/host-policy"))
    if scripts:
        slider = page.get_by_role("slider", name="Page, for every use")
        tab_to(page, "input[type=range][aria-label='Page, for every use']")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        expect(slider).to_have_attribute("aria-valuetext", "1 the section of the site")
    else:
        assert page.get_by_role("slider").count() == 0
        page.get_by_role("combobox", name="Page, for every use").select_option("1")
    page.get_by_role("button", name="See whom it stops").click()
    expect(page.get_by_role("heading", name="The site shop")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Write 1 or less.")
    site = host.parts.registry.site("shop")
    assert site is not None
    assert not site.suspended
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/host-policy")
    site = host.parts.registry.site("shop")
    assert site is not None
    assert site.suspended
    assert said == [], "the CSP allows what the page needs"
    context.close()

    owner = profile(chromium)
    page = host.signed_in(owner, "olive")
    expect(page.get_by_role("heading", name="shop is suspended")).to_be_visible()
    expect(page.locator(".stop")).to_contain_text("Write 1 or less.")
    page.get_by_role("link", name="Publish a policy that fits").click()
    for level in page.get_by_label("Page", exact=True).all():
        if level.input_value() == "2":
            level.evaluate("select => { select.closest('details').open = true; }")
            level.select_option("1")
    page.get_by_role("button", name="See what it changes").click()
    expect(page.get_by_text("Nobody: it only narrows")).to_be_visible()
    page.get_by_role("button", name="Publish it").click()
    page.wait_for_url("**/policy")
    site = host.parts.registry.site("shop")
    assert site is not None
    assert not site.suspended
    owner.close()


def test_the_second_of_two_admins_is_told_and_sees_both(host: Host, chromium: Browser) -> None:
    """Two admins saving at once (the second is told)."""
    pages = []
    for days in (90, 60):
        page = host.signed_in(profile(chromium), "ada")
        page.goto(host.address("/host-policy"))
        page.get_by_text("Let something else differ for analytics").click()
        page.fill("input[name='analytics.retention_days']", str(days))
        page.get_by_role("button", name="See whom it stops").click()
        pages.append(page)
    for page in pages:
        page.get_by_role("button", name="Publish").click()
    second = pages[1]
    expect(second.get_by_role("heading", name="Somebody was faster")).to_be_visible()
    theirs, yours = second.locator("main table").first, second.locator("main table").last
    expect(theirs).to_contain_text("90")
    expect(yours).to_contain_text("60")
    current = host.parts.host.current().policy
    assert current is not None
    assert current.purposes["analytics"].terms.retention_days == 90
    for page in pages:
        page.context.close()


OWNERS = (
    *(
        "/sites",
        "/host-policy",
        "/sites/shop",
        "/sites/shop/start",
        "/sites/shop/start?way=embedded",
    ),
    *("/sites/shop/publish", "/sites/shop/publish?as=toml", "/sites/shop/policy"),
    *("/sites/shop/letters", "/sites/shop/imported", "/sites/shop/editions"),
    *("/sites/shop/editions/2", "/sites/shop/keys", "/sites/shop/collectors"),
    *("/sites/shop/collectors/tides", "/sites/shop/collectors/tides/edit", "/sites/shop/place"),
    *("/sites/shop/collectors/tides/edit?as=toml", "/sites/club/start", "/sites/club/publish"),
)
ADMINS = ("/sites", "/host-policy", "/host-policy?as=toml", "/host-policy/1", "/sites/shop/keys")


@pytest.mark.parametrize(
    "looks",
    [
        ((320, {"color_scheme": "dark"}),),
        pytest.param(
            (
                (1280, {}),
                (320, {}),
                (1280, {"color_scheme": "dark"}),
                (1280, {"forced_colors": "active"}),
            ),
            marks=pytest.mark.long,
        ),
    ],
    ids=["small", "all"],
)
def test_every_page_is_clean_and_fits_whatever_the_screen(
    looks: tuple[tuple[int, dict[str, str]], ...], host: Host, chromium: Browser, axe: str
) -> None:
    """M34, M36, S10: no violation; nothing sideways at 320 px; dark and forced colours too."""
    host.member("olive", "shop", "club")
    sites = policy(
        "standard", controller={"name": "O" * 60, "contact": "a@b.example", "country": "IE"}
    )
    host.parts.registry.publish(sites)
    placed = tides(sites, pages=["/tides/a-very-long-path-without-a-break-that-goes-on-and-on/**"])
    save(host.parts, placed, owner="olive", actor="olive")
    set_collector_state(host.parts, admin(host.parts, "olive"), "shop", "tides", "active")
    ada = host.signed_in(profile(chromium), "ada")
    ada.goto(host.address("/host-policy"))
    ada.get_by_text("Let something else differ for analytics").click()
    ada.fill("input[name='analytics.retention_days']", "45")
    ada.get_by_role("button", name="See whom it stops").click()
    assert violations(ada, axe) == []
    ada.get_by_role("button", name="Publish").click()
    ada.wait_for_url("**/host-policy")
    for name, paths in (("olive", OWNERS), ("ada", ADMINS)):
        first = profile(chromium)
        host.signed_in(first, name)
        kept = first.storage_state()
        first.close()
        for width, look in looks:
            context = profile(chromium, width, storage_state=kept, **look)
            page = context.new_page()
            for path in paths:
                answer = page.goto(host.address(path))
                assert answer is not None, path
                assert answer.status == 200, path
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (path, width)
                assert violations(page, axe) == [], (path, width, look)
            context.close()


def test_the_menu_folds_on_a_small_screen(host: Host, chromium: Browser) -> None:
    """M34: at 320 px the page comes first; the menu opens by keyboard, without script."""
    context = profile(chromium, 320, java_script_enabled=False)
    page = host.signed_in(context, "ada")
    page.goto(host.address("/sites"))
    menu, link = page.get_by_role("navigation"), page.get_by_role("link", name="Menu", exact=True)
    expect(menu).to_be_hidden()
    heading = page.get_by_role("heading", name="Sites", exact=True).bounding_box()
    assert heading is not None
    assert heading["y"] < 150
    link.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(link).to_be_hidden()
    page.get_by_role("link", name="Close the menu").click()
    expect(menu).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(menu).to_be_visible()
    expect(link).to_be_hidden()
    context.close()
