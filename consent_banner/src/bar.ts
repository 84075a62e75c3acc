/**
 * The development bar: what is missing between a site and its policy, for whoever builds the site. A gate serves it on
 * loopback alone, by a line behind its script; its words are English, since no visitor reads them.
 */
import type { Askfirst, Published } from "../../sdk/js/src/api.ts";
import { safely } from "../../sdk/js/src/safely.ts";
import { button, cookies, type Report } from "./bar_cookies.ts";
import { answer, hosts, scripts, strangers } from "./bar_page.ts";
import { STYLE } from "./bar_style.ts";
import { el } from "./element.ts";

const ID = "askfirst-bar";
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const GPC = "askfirst-gpc"; // the cookie by which the gate knows (gate/undeclared_cookies.py)
const EDGE = 8; // pixels between the bar and the window (bar_style.ts)
const LEAST = 200; // pixels above a notice, to be of use
const PAUSE = 200; // milliseconds in which several changes of a page are one

class Bar {
  readonly _askfirst: Askfirst;
  readonly _published: Published;
  readonly _api: URL;
  _report: Report = { cookies: [], file: { name: "policy.toml", hash: "", problem: null } };
  _grantedAt = Number.POSITIVE_INFINITY; // of performance.now()
  _timer = 0;
  readonly _shown: Record<string, string> = {};
  readonly _host = el("div", { id: ID });
  readonly _pill = el("button", { type: "button", class: "pill", "aria-expanded": "false", "aria-controls": "panel" });
  readonly _panel = el("section", {
    id: "panel",
    "aria-label": "askfirst development bar",
    hidden: true,
    tabindex: "-1",
  });
  readonly _status = el("p", { role: "status" });

  constructor(askfirst: Askfirst, published: Published, api: URL) {
    this._askfirst = askfirst;
    this._published = published;
    this._api = api;
    const root = this._host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const head = el("header", {}, el("h2", {}, "askfirst development bar"));
    head.append(
      button("Close", () => this._open(false)),
      button("Hide here", () => this._host.remove()),
    );
    const parts = ["cookies", "hosts", "scripts", "answer"].map((name) => el("div", { id: name }));
    this._panel.append(head, this._status, ...parts);
    // Below the button in the page, so that the way there by keyboard is one step.
    root.append(this._pill, this._panel);
    this._pill.addEventListener("click", () => this._open(Boolean(this._panel.hidden)));
    this._host.addEventListener("keydown", ({ key }) => void (key === "Escape" && this._open(false)));
  }

  _start(): void {
    document.body.append(this._host);
    const later = (): void => {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => void safely(() => this._draw()), PAUSE);
    };
    const granted = (): void => {
      const isGranted = Object.keys(this._askfirst.consent.scopes).length > 0;
      if (isGranted && this._grantedAt === Number.POSITIVE_INFINITY) this._grantedAt = performance.now();
    };
    // An answer that was there when the page was opened holds for all that it loaded.
    if (Object.keys(this._askfirst.consent.scopes).length > 0) this._grantedAt = 0;
    this._askfirst.on("change", () => {
      granted();
      later();
    });
    new PerformanceObserver(later).observe({ type: "resource", buffered: true });
    new MutationObserver(later).observe(document.documentElement, { childList: true, subtree: true, attributes: true });
    addEventListener("resize", () => this._fit());
    addEventListener("focus", () => void safely(() => this._learn()));
    void safely(() => this._learn());
  }

  /** What the gate has met by now: its cookies are those of this page as well. */
  async _learn(): Promise<void> {
    const response = await fetch(this._api, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (response.ok) this._report = await response.json();
    this._draw();
  }

  /** Above the notice, which nothing may cover. */
  _fit(): void {
    const top = document.getElementById("askfirst-notice")?.getBoundingClientRect().top;
    const room = (top && top > LEAST ? Math.min(top, innerHeight) : innerHeight) - this._pill.offsetHeight - 3 * EDGE;
    this._panel.style.maxBlockSize = `${room}px`;
  }

  _open(isOpen: boolean): void {
    this._panel.hidden = !isOpen;
    this._pill.setAttribute("aria-expanded", String(isOpen));
    this._fit();
    if (isOpen) void safely(() => this._learn());
    (isOpen ? this._panel : this._pill).focus();
  }

  _draw(): void {
    const { _askfirst: askfirst, _published: published } = this;
    const consent = askfirst.consent;
    const unknown = this._report.cookies.filter(({ declared }) => !declared);
    const loaded = strangers(published, consent, this._grantedAt);
    const waiting = scripts(published, consent);
    const counts = {
      cookies: unknown.length,
      hosts: loaded.filter(({ bad }) => bad).length,
      scripts: waiting.filter(({ bad }) => bad).length,
    };
    const all = counts.cookies + counts.hosts + counts.scripts;
    const label = all ? `askfirst: ${all} to look at` : "askfirst: nothing to look at";
    this._fit();
    if (this._pill.textContent !== label) this._pill.textContent = label;
    this._pill.classList.toggle("bad", all > 0);
    this._part("answer", "Present consent", [consent, navigator.doNotTrack, hasGpc()], () => [
      answer(published, consent),
      button("Forget my answer", () => this._forget()),
      button(hasGpc() ? "As a visitor without GPC" : "As a visitor with GPC", () => setGpc(!hasGpc())),
    ]);
    this._part("cookies", `Cookies nobody declared (${counts.cookies})`, this._report, () =>
      cookies(this._report, Object.keys(published.policy.purposes), (body) => this._declare(body)),
    );
    this._part("hosts", `Other hosts that were asked (${counts.hosts})`, loaded, () => hosts(loaded));
    this._part("scripts", `What waits for consent (${waiting.length})`, waiting, () => hosts(waiting));
  }

  /** Draws a part anew only where it says something else: what somebody writes in it stays. */
  _part(id: string, heading: string, data: unknown, draw: () => readonly (Node | string)[]): void {
    const text = JSON.stringify([heading, data]);
    if (this._shown[id] === text) return;
    this._shown[id] = text;
    this._panel.querySelector(`#${id}`)?.replaceChildren(el("h3", {}, heading), ...draw());
  }

  async _declare(body: object): Promise<void> {
    const file = this._report.file.hash;
    const response = await fetch(this._api, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ v: 1, file, ...body }),
    });
    const found = await response.json();
    // Before it is said: what somebody chooses for the next try stands in lines that are not drawn anew.
    if (response.ok) this._report = found;
    else await this._learn();
    this._draw();
    this._status.textContent = response.ok
      ? `Written into ${this._report.file.name}. Start the site again: it reads its policy when it starts.`
      : `Not written: ${found.detail}.`;
  }

  async _forget(): Promise<void> {
    const response = await fetch(this._api, { method: "DELETE" });
    if (response.ok) location.reload();
    else this._status.textContent = `Not forgotten: ${(await response.json()).detail}.`;
  }
}

const hasGpc = (): boolean => document.cookie.split(/; */).includes(`${GPC}=1`);

/** For this session of the browser; the gate then sends the signal on, and has the page say it. */
function setGpc(isOn: boolean): void {
  // biome-ignore lint/suspicious/noDocumentCookie: cookieStore is not everywhere
  document.cookie = `${GPC}=${isOn ? "1" : "0; Max-Age=0"}; Path=/; SameSite=Strict`;
  location.reload();
}

export async function start(base: string): Promise<void> {
  const { askfirst } = window as unknown as { readonly askfirst?: Askfirst };
  // Whatever served this file, it is for this machine alone; and for no frame in a page.
  if (!askfirst || !LOOPBACK.includes(location.hostname) || window.top !== window || document.getElementById(ID))
    return;
  await askfirst.ready;
  const response = await fetch(new URL("../policy", base), { headers: { Accept: "application/json" } });
  new Bar(askfirst, await response.json(), new URL("../bar", base))._start();
}

void safely(() => start(import.meta.url));
