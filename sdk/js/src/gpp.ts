/**
 * Answers `__gpp`, the IAB's Global Privacy Platform (CMP API 1.1), with its US national section (7, version 2): whether
 * the visitor's data may be sold, shared or used for targeted advertising. It stands ahead of every tag, keeps nothing,
 * asks for nothing, and claims neither a registration (CMP id 1) nor the IAB's agreement (docs/script.md).
 */
import type { Askfirst, ConsentView } from "./api.ts";
import { safely } from "./safely.ts";

type Fields = Readonly<Record<string, number | boolean | readonly number[]>>;
type Callback = (data: unknown, success: boolean) => void;
type Command = (command: string, callback?: Callback, parameter?: unknown) => void;
type Asker = MessageEventSource | null; // the window of a frame; none is the page itself

// A state's own section says that the visitor is of that state: nobody here looks where a visitor is.
const NAME = "usnat";
const ID = 7;
// Of a string whose one section is this (Consent String Specification): type 3, version 1, the one id in Fibonacci's code.
const HEADER = "DBABLA";
const MOST = 32; // listeners of frames, all of them together
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Names of the specification that begin with `_` are written as words: our build shortens its own.
type Named<T> = Record<string, T | undefined>;
type Call = { command: string; parameter: unknown; callId: unknown };

const page = globalThis as unknown as { askfirst?: Askfirst };
const calls = page as unknown as Named<Command>;

/**
 * The section's two segments; `isAllowed` is undefined where nothing is sold, shared or targeted. Frozen, as they are
 * handed to whoever asks: what one tag writes into them no other one reads.
 */
export function segments(isAllowed: boolean | undefined, gpc: boolean): readonly [Fields, Fields] {
  const notice = isAllowed === undefined ? 0 : 1;
  const optOut = isAllowed === undefined ? 0 : isAllowed ? 2 : 1;
  const all = [
    Object.freeze({
      Version: 2,
      SharingNotice: notice,
      SaleOptOutNotice: notice,
      SharingOptOutNotice: notice,
      TargetedAdvertisingOptOutNotice: notice,
      SensitiveDataProcessingOptOutNotice: 0,
      SensitiveDataLimitUseNotice: 0,
      SaleOptOut: optOut,
      SharingOptOut: optOut,
      TargetedAdvertisingOptOut: optOut,
      SensitiveDataProcessing: Object.freeze(Array(16).fill(0)),
      KnownChildSensitiveDataConsents: Object.freeze([0, 0, 0]),
      PersonalDataConsents: 0,
      MspaCoveredTransaction: 2, // no: that is for who signed it
      MspaOptOutOptionMode: 0,
      MspaServiceProviderMode: 0,
    }),
    Object.freeze({ GpcSegmentType: 1, Gpc: gpc }),
  ] as const;
  return Object.freeze(all);
}

/** The whole GPP string of these segments. */
export const encode = (all: readonly Fields[]): string => `${HEADER}~${all.map(encodeSegment).join(".")}`;

function encodeSegment(fields: Fields): string {
  let bits = "";
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) {
      bits += Number(one)
        .toString(2)
        .padStart(name === "Version" ? 6 : typeof value === "boolean" ? 1 : 2, "0");
    }
  }
  // Whole bytes, then whole signs of six bits.
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  return (bits.match(/.{1,6}/g) ?? []).map((six) => ALPHABET[Number.parseInt(six.padEnd(6, "0"), 2)]).join("");
}

/** Puts `__gpp` into the page; the answer is read again with each change. */
export function start(purposes: readonly string[]): void {
  const listeners = new Map<number, readonly [Callback, Asker]>();
  const gpc = (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl === true;
  let last = 0;
  let section = segments(purposes[0] ? false : undefined, gpc);
  let display = "hidden";
  let signal = "not ready";

  const ping = () => ({
    gppVersion: "1.1",
    cmpStatus: "loaded",
    cmpDisplayStatus: display,
    signalStatus: signal,
    supportedAPIs: [`${ID}:${NAME}`],
    cmpId: 1,
    sectionList: [ID],
    applicableSections: [ID],
    gppString: encode(section),
    parsedSections: { [NAME]: section },
  });
  const event = (listenerId: number, eventName: string, data: unknown) => ({
    eventName,
    listenerId,
    data,
    pingData: ping(),
  });
  const tell = (eventName: string, data: unknown): void => {
    for (const [id, [callback]] of listeners) safely(() => callback(event(id, eventName, data), true));
  };
  const commands: Readonly<Record<string, (parameter: unknown, callback: Callback, asker: Asker) => unknown>> = {
    ping,
    addEventListener: (_, callback, asker) => {
      if (asker) {
        const frames = [...listeners].filter(([, [, of]]) => of);
        for (const [id, [, of]] of frames) if ((of as Window).closed) listeners.delete(id);
        if (frames.filter(([id]) => listeners.has(id))[MOST - 1]) return undefined;
      }
      listeners.set(++last, [callback, asker]);
      return event(last, "listenerRegistered", true);
    },
    // Its own alone: a frame that counts to three would keep the page's tags from hearing of a withdrawal.
    removeEventListener: (id, _, asker) => listeners.get(id as number)?.[1] === asker && listeners.delete(id as number),
    hasSection: (name) => name === NAME,
    getSection: (name) => (name === NAME ? section : null),
    getField: (name) => {
      const [prefix, field = ""] = String(name).split(".");
      const all: Fields = { ...section[0], ...section[1] };
      return prefix === NAME && Object.hasOwn(all, field) ? all[field] : null;
    },
  };
  const run = (asker: Asker, command: string, callback: Callback = () => {}, parameter?: unknown): void => {
    // As the specification has it: a command that nobody knows fails, and throws nothing.
    safely(() => {
      const answer = Object.hasOwn(commands, command) ? commands[command]?.(parameter, callback, asker) : undefined;
      callback(answer ?? null, answer !== undefined);
    });
  };
  calls["__gpp"] = (...words) => run(null, ...words);

  // Frames of others ask by a message, and know a page that answers by a frame of this name.
  addEventListener("message", ({ data, source }) => {
    const read = (): unknown => (typeof data === "string" ? JSON.parse(data) : data);
    safely(() => {
      const call = (read() as Named<Call> | null)?.["__gppCall"];
      if (!call) return;
      run(
        source,
        call.command,
        (returnValue, success) => {
          const answer = { ["__gppReturn"]: { returnValue, success, callId: call.callId } };
          (source as Window | null)?.postMessage(typeof data === "string" ? JSON.stringify(answer) : answer, "*");
        },
        call.parameter,
      );
    });
  });

  const show = (now: string): void => {
    if (now === display) return;
    display = now;
    tell("cmpDisplayStatus", display);
  };
  const change = ({ scopes, asks }: ConsentView): void => {
    if (signal === "ready") {
      signal = "not ready";
      tell("signalStatus", signal);
    }
    show(asks.length ? "visible" : "hidden");
    const isAllowed = purposes[0] ? purposes.every((name) => Object.hasOwn(scopes, name)) : undefined;
    section = segments(isAllowed, gpc);
    tell("sectionChange", NAME);
    signal = "ready";
    tell("signalStatus", signal);
  };

  let isFollowed = false;
  const follow = (): void => {
    if (document.body && !document.querySelector("iframe[name=__gppLocator]")) {
      document.body.append(Object.assign(document.createElement("iframe"), { name: "__gppLocator", hidden: true }));
    }
    if (isFollowed || !page.askfirst?.on) return;
    isFollowed = true;
    page.askfirst.on("change", change);
  };
  void safely(follow);
  for (const moment of ["DOMContentLoaded", "load"]) addEventListener(moment, () => void safely(follow));
}
