/**
 * A site without a server of ours: its pages send answers and events to a collector themselves (POST /v1/consents,
 * /v1/events), and hold the secret and the state. Loaded only where the page's one line names a collector.
 */
import type { Published, Route } from "./api.ts";
import { ahead } from "./clock.ts";
import { primary, written } from "./file.ts";
import { json } from "./json.ts";
import { cookies } from "./native.ts";
import { type Answer, base64url, type Claims, expiresAt, type Kept, readKept, setState, writeKept } from "./receipt.ts";
import { safely } from "./safely.ts";
import { readState } from "./state.ts";

declare const ASKFIRST_LANGUAGES: string;
const { fetch } = globalThis;

export function connect(base: string, collector: string): Route {
  const origin = new URL(collector).origin;
  let published!: Published; // nothing is sent before the policy is known
  let skew = 0; // of the site's clock, milliseconds

  const now = (): number => Date.now() + skew;
  const suffix = (): string => published.suffix ?? "";

  const kept = (): Kept | undefined => readKept(suffix());
  const keep = (value: Kept | undefined): void => writeKept(suffix(), value);

  /** Keeps what the collector's answer leaves of what was kept when it was asked; false where another thing is by now. */
  const replace = (before: Kept | undefined, state?: Claims): boolean => {
    const isSame = json(kept()) === json(before);
    if (isSame) keep(before && state?.ed ? { secret: before.secret, since: Date.now() } : undefined);
    return isSame;
  };

  const writeState = (claims: Claims): void => setState(published.policy.site, suffix(), claims, now());

  // A text, which browsers call plain, is no question to the collector first (Fetch standard, CORS-safelisted request-header).
  const post = (path: string, body: string, options?: RequestInit): Promise<Response> =>
    fetch(`${origin}/v1/${path}`, { method: "POST", body, ...options });

  const tell = (answer: Answer, secret: string): Promise<Response> =>
    answer.method === "erase"
      ? post("rights/erase", "", { headers: { Authorization: `Receipt ${secret}` } })
      : post("consents", json({ ...answer, site: published.policy.site, secret }));

  /** Refuses here and now; what the collector knows of this visitor ends as soon as it can be told. */
  async function refuse(answer: Answer): Promise<Response> {
    const state = readState(cookies(), published.policy.site, now() / 1000, suffix());
    const isPart = answer.method === "save";
    const names = isPart ? Object.keys(answer.choices ?? {}) : published.asked.filter((name) => !name.includes("/"));
    const ch = { ...(isPart && state?.choices), ...Object.fromEntries(names.map((name) => [name, 0])) };
    const ed = (Object.values(ch).some(Boolean) && state?.edition) || 0;
    writeState({ ch, ed, exp: expiresAt(new Date(now())) });
    const before = kept();
    if (before) {
      const { owed } = before;
      // What ends all stays, but for an erasure. One purpose after another: what the first refused is owed as well.
      const last = owed && owed.method !== "save" && answer.method !== "erase" ? owed : answer;
      // With choices, if none: what a grant keeps for its own loss (below) has none, and is another thing.
      keep({ ...before, owed: { ...last, choices: { ...owed?.choices, ...answer.choices } } });
      await safely(settle);
    }
    return new Response(json({ decision: "refused" }));
  }

  /** Tells the collector what is owed; answers whether nothing is any more. */
  async function settle(): Promise<boolean> {
    const before = kept();
    if (!before?.owed) return true;
    const response = await tell(before.owed, before.secret);
    if (response.status >= 500 || response.status === 429) return false;
    // A receipt that has ended, and what can never be taken, is owed no longer: if the collector says so, and not
    // what stands before it, whose words are no JSON.
    const { state }: { state?: Claims } = await response.json();
    // What was taken back meanwhile is owed as well.
    return replace(before, state) || settle();
  }

  async function grant(answer: Answer): Promise<Response> {
    if (!(await settle())) return new Response(json({ reason: "collector-away" }), { status: 503 });
    const before = kept();
    const secret = before?.secret ?? base64url(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    const owed = { v: 2, edition: answer.edition, lang: answer.lang, method: "withdraw" };
    // Where the answer gets lost on its way back, what the collector may have is taken back.
    const own = before ?? { secret, owed };
    keep(own);
    const response = await tell(answer, secret);
    const { reason, state } = await response.clone().json();
    if (!response.ok) {
      // It was not recorded, if it says so itself; a receipt that has ended never lives again: this is a new grant.
      // Taken back in another tab meanwhile, it is none.
      const isOver = (!before || reason === "handle-ended") && response.status < 500 && replace(own);
      return before && isOver ? grant(answer) : response;
    }
    if (!replace(own, state)) {
      // Refused meanwhile, by another tab or another part of the page: the last word was no.
      keep({ secret, owed });
      return refuse(owed);
    }
    writeState(state);
    return response;
  }

  function signed(body: string): string {
    return json({ ...JSON.parse(body), site: published.policy.site, secret: kept()?.secret });
  }

  async function events(body: string, options?: RequestInit): Promise<Response> {
    const before = kept();
    const response = await post("events", signed(body), options);
    const { dropped = [], stored } = response.ok ? await response.clone().json() : {};
    const isDead = stored === 0 && dropped.every(({ reason }: { readonly reason: string }) => reason === "no-grant");
    // The collector knows of no grant: this visitor is asked again.
    if (isDead && dropped[0] && replace(before)) writeState({ ch: {}, ed: 0, exp: 0 });
    return response;
  }

  return {
    async policy(lang, at, cache) {
      const read = async (name: string): Promise<Response> => {
        const response = await fetch(new URL(`../policy/${name}.json?${at}`, base), { cache });
        published = await response.clone().json();
        skew = ahead(response);
        return response;
      };
      // A script that knows the languages may be older than the files; without, the site's first says which there are.
      const known = ASKFIRST_LANGUAGES && (await safely(() => read(written(lang))));
      let response = known || (await read("index"));
      const wanted = primary(lang);
      if (!ASKFIRST_LANGUAGES && wanted !== published.lang && published.policy.languages.map(primary).includes(wanted))
        response = await read(wanted);
      void safely(settle);
      return response;
    },
    send(path, body, options) {
      if (path === "events") return events(body, options);
      const answer = JSON.parse(body) as Answer;
      const grants = answer.method === "accept_all" || Object.values(answer.choices ?? {}).some(Boolean);
      return grants ? grant(answer) : refuse(answer);
    },
    beacon: (body) => navigator.sendBeacon(`${origin}/v1/events`, signed(body)),
    forms: false,
  };
}
