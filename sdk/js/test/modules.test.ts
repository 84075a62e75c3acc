/** M01: what npm's package has starts nothing by being imported, and where there is no page nothing at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { adpc } from "../npm/adpc.ts";
import { consentMode } from "../npm/consent_mode.ts";
import { gpp } from "../npm/gpp.ts";

test("M01: a server that renders calls them, and has nothing of it", () => {
  adpc();
  gpp({ ads: "marketing" });
  consentMode({ analytics: ["statistics"], ads: "marketing statistics" });
  for (const name of ["dataLayer", "gtag", "uetq", "clarity", "__gpp", "askfirst"]) {
    assert.equal(name in globalThis, false, name);
  }
});

test("M01: of all that a lookup finds by itself, a purpose may have one name only, which policies refuse", () => {
  const name = /^[a-z][a-z0-9_-]{0,39}$/; // terms/reading.py
  const found = Object.getOwnPropertyNames(Object.prototype).filter((one) => name.test(one));
  assert.deepEqual(found, ["constructor"]); // TAKEN of terms/purpose.py
});
