/** The bar's cookies that the policy does not declare, with the lines that would, to paste or to have written. */
import { el } from "./element.ts";

export interface Cookie {
  readonly cookie: string;
  readonly routes: readonly string[];
  readonly by_server: boolean;
  readonly purpose: string | null;
  readonly lines: string | null;
  readonly declared: boolean;
}

/** What the gate reports (endpoints/development.py). */
export interface Report {
  readonly cookies: readonly Cookie[];
  readonly file: { readonly name: string; readonly hash: string; readonly problem: string | null };
}

export function button(label: string, act: () => unknown): HTMLElement {
  const made = el("button", { type: "button" }, label);
  made.addEventListener("click", () => void act());
  return made;
}

const WHY = "what the site cannot do without it";

/** A block for each cookie; `declare` has one written into the file. */
export function cookies(
  { cookies: met, file }: Report,
  purposes: readonly string[],
  declare: (body: object) => Promise<void>,
): Node[] {
  if (!met[0]) return [el("p", {}, "Every cookie that was met is declared.")];
  const only = file.problem && el("p", {}, `Paste the lines: ${file.problem}.`);
  return [...(only ? [only] : []), ...met.map((one) => block(one, file, purposes, declare))];
}

function block(
  { cookie, routes, by_server: byServer, purpose, lines, declared }: Cookie,
  file: Report["file"],
  purposes: readonly string[],
  declare: (body: object) => Promise<void>,
): Node {
  const name = el("h4", {}, cookie);
  const from = byServer
    ? `set by the application${routes[0] ? ` at ${routes.join(", ")}` : ""}`
    : "in this browser: set by a script, or by another site of this machine";
  const made = el("article", {}, name, el("p", {}, from, purpose && `; it seems to be for ${purpose}`));
  if (declared) made.append(el("p", { class: "good" }, `${file.name} declares it: start the site again.`));
  else if (!lines) made.append(el("p", {}, "No policy can declare such a name: give it another one."));
  else made.append(...form(cookie, lines, purpose, file, purposes, declare));
  return made;
}

function form(
  cookie: string,
  lines: string,
  purpose: string | null,
  file: Report["file"],
  purposes: readonly string[],
  declare: (body: object) => Promise<void>,
): Node[] {
  const where = el(
    "select",
    { "aria-label": `What ${cookie} is for` },
    el("option", { value: "" }, "the site cannot work without it"),
    ...purposes.map((one) => el("option", { value: one, selected: one === purpose }, `purpose ${one}`)),
  ) as HTMLSelectElement;
  const why = el("input", {
    value: WHY,
    "aria-label": `Why ${cookie} is necessary`,
    maxlength: 300,
  }) as HTMLInputElement;
  const text = el("pre", { tabindex: "0", role: "group", "aria-label": `Lines for ${cookie}` });
  const update = (): void => {
    why.hidden = where.value !== "";
    text.textContent = where.value
      ? `# in [purposes.${where.value}]\ncookies = [${JSON.stringify(cookie)}]`
      : lines.replace(JSON.stringify(WHY), JSON.stringify(why.value));
  };
  for (const field of [where, why]) field.addEventListener("input", update);
  update();
  const write = el(
    "button",
    { type: "button", "aria-label": `Write into ${file.name}: ${cookie}` },
    `Write into ${file.name}`,
  );
  write.addEventListener("click", () => void declare({ cookie, purpose: where.value || null, why: why.value }));
  return [where, why, text, ...(file.problem ? [] : [write])];
}
