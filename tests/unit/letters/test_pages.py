"""The pages of letters: asked for by a form, confirmed signed in, ended by whoever has the link."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from askfirst.terms.policy import read_policy
from askfirst_collector.catalogue.subscriptions import read_subscription
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.letters.deliver import deliver_mails, queue_due
from askfirst_collector.letters.settings import MailServer
from askfirst_collector.letters.smtp import Post
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.subscriptions import send_test_letter
from tests.support.mail_server import Mailbox
from tests.support.policies import every_purpose
from tests.unit.closing.house import Clock
from tests.unit.dashboard.conftest import PASSWORD, client_of, set_up

from .test_letters import EMAIL, NEXT, read_word
from .test_letters import clock as clock
from .test_letters import mailbox as mailbox
from .test_letters import parts as parts

pytestmark = pytest.mark.anyio
LETTERS = "/sites/shop/letters"


@pytest.fixture
async def eve(parts: Services, mailbox: Mailbox) -> AsyncIterator[httpx.AsyncClient]:
    """A host admin, signed in."""
    with_members = host_app(parts, post=mailbox.post())
    async with client_of(with_members) as client:
        await set_up(client, parts)
        yield client


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    page = (await client.get("/account")).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert csrf
    return await client.post(path, data={**fields, "csrf": csrf[1]})


async def subscribed(eve: httpx.AsyncClient, parts: Services, mailbox: Mailbox) -> str:
    """Ask, and confirm by the mail; the word that ends it."""
    answer = await post(eve, LETTERS, email=EMAIL, every="week", alerts="1")
    assert answer.status_code == 303
    page = (await eve.get(LETTERS)).text
    assert f"A mail went to <bdi>{EMAIL}</bdi>" in page
    assert "Send a test" not in page
    deliver_mails(parts, parts.now(), post=mailbox.post())
    word = read_word(mailbox.came.pop())
    assert "Is this your address?" in (await eve.get(f"/letters/confirm?word={word}")).text
    target = read_subscription(parts.engine, "shop", "ada")
    assert target is not None
    assert not target.is_confirmed, "a program that follows links confirms nothing"
    answer = await post(eve, "/letters/confirm", word=word)
    assert "Your address is confirmed" in answer.text
    assert (await post(eve, "/letters/confirm", word=word)).status_code == 404
    return target.word


async def test_from_the_form_to_the_letter(
    eve: httpx.AsyncClient, parts: Services, mailbox: Mailbox, clock: Clock
) -> None:
    await subscribed(eve, parts, mailbox)
    assert "Send a test" in (await eve.get(LETTERS)).text
    answer = await post(eve, f"{LETTERS}/test")
    assert answer.headers["location"].endswith("?sent=1")
    assert "A test is on its way" in (await eve.get(f"{LETTERS}?sent=1")).text
    clock.now = NEXT
    queue_due(parts, clock.now)
    assert deliver_mails(parts, clock.now, post=mailbox.post()) == 3  # a test, a letter, an alert


async def test_the_link_of_a_mail_leads_through_the_sign_in(
    eve: httpx.AsyncClient, parts: Services
) -> None:
    """Who is signed out comes back to it, word and all."""
    async with client_of(host_app(parts)) as stranger:
        answer = await stranger.get("/letters/confirm?word=0f")
        assert answer.headers["location"].endswith("/sign-in?to=/letters/confirm%3Fword%3D0f")
        fields = {"name": "ada", "password": PASSWORD, "to": "/letters/confirm?word=0f"}
        answer = await stranger.post("/sign-in", data=fields)
        assert answer.headers["location"].endswith("/letters/confirm?word=0f")


async def test_whoever_has_the_link_ends_letters(
    eve: httpx.AsyncClient, parts: Services, mailbox: Mailbox
) -> None:
    """RFC 8058: by a POST without cookie, from elsewhere; who only looks ends nothing."""
    word = await subscribed(eve, parts, mailbox)
    path = f"/unsubscribe/{word}"
    async with client_of(host_app(parts)) as stranger:
        page = await stranger.get(path)
        assert "No more letters about <bdi>shop</bdi>?" in page.text
        assert EMAIL not in page.text
        assert read_subscription(parts.engine, "shop", "ada") is not None
        body, sent_by = {"List-Unsubscribe": "One-Click"}, {"sec-fetch-site": "cross-site"}
        answer = await stranger.post(path, data=body, headers=sent_by)
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
        assert read_subscription(parts.engine, "shop", "ada") is None
        again, guessed = await stranger.post(path), await stranger.post(f"/unsubscribe/{'0' * 32}")
        assert again.text == guessed.text == answer.text, "a guess tells nothing"
        assert (await stranger.get(path)).status_code == 410


async def test_what_did_not_go_is_said(
    eve: httpx.AsyncClient, parts: Services, mailbox: Mailbox, clock: Clock
) -> None:
    await subscribed(eve, parts, mailbox)
    send_test_letter(parts, Member("ada", "host-admin"), "shop")
    mailbox.answers = ["451 later"]
    clock.now += 60
    deliver_mails(parts, clock.now, post=mailbox.post())
    page = (await eve.get(LETTERS)).text
    assert "The server refused the message (451). It is tried again" in page


async def test_a_mail_server_that_is_away_is_said(
    eve: httpx.AsyncClient, parts: Services, mailbox: Mailbox, clock: Clock
) -> None:
    """With what is done about it; the page and the site's figures go on."""
    await subscribed(eve, parts, mailbox)
    send_test_letter(parts, Member("ada", "host-admin"), "shop")
    clock.now += 60
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    deliver_mails(parts, clock.now, post=mailbox.post(port=port))
    page = (await eve.get(LETTERS)).text
    assert re.search(r"cannot be reached \(ConnectionRefusedError\)\. It is tried again", page)
    assert (await eve.get("/sites/shop")).status_code == 200
    assert mailbox.came == []


@pytest.mark.parametrize("email", ["", "a@b.example\r\nBcc: c@d.example", '"><script>'])
async def test_an_address_that_is_none_is_said_beside_the_form(
    eve: httpx.AsyncClient, email: str
) -> None:
    answer = await post(eve, LETTERS, email=email, every="week")
    assert answer.status_code == 422
    assert "Write one address, such as ada@example.org" in answer.text
    assert "<script>" not in answer.text


async def test_a_host_that_sends_no_mail_says_what_to_set(parts: Services) -> None:
    async with client_of(host_app(parts)) as client:
        await set_up(client, parts)
        assert "ASKFIRST_SMTP_HOST" in (await client.get(LETTERS)).text
        answer = await post(client, LETTERS, email=EMAIL, every="week")
        assert "This host sends no mail" in answer.text
        assert read_subscription(parts.engine, "shop", "ada") is None


async def test_an_embedded_collector_knows_where_it_is(tmp_path: Path) -> None:
    """By the first origin of the policy; before one was asked for, nothing is sent, and it says so.

    What was set goes before it: below a path, behind another name.
    """
    mail = MailServer("localhost", "stats@shop.example")
    document = dict(every_purpose("standard").document) | {"origins": ["https://shop.example"]}
    policy = read_policy(document)
    collector = EmbeddedCollector(tmp_path / "data", mail=mail, jobs=False)
    try:
        post = collector._post
        assert post is not None
        assert post.url == ""
        async with client_of(host_app(collector.parts(), post=post)) as client:
            await collector.editions(policy)
            assert post.url == "https://shop.example/askfirst/host"
            await set_up(client, collector.parts())
            page = (await client.get(f"/sites/{policy.site}/letters")).text
            assert "does not know where its dashboard is" not in page
            unknown = host_app(collector.parts(), post=Post(mail, lambda: ""))
        async with client_of(unknown) as client:
            await client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
            page = (await client.get(f"/sites/{policy.site}/letters")).text
            assert "does not know where its dashboard is" in page
    finally:
        collector.close()
    placed = Post(MailServer("localhost", "a@b.example", url="https://b.example/x/"), lambda: "")
    assert placed.url == "https://b.example/x"
