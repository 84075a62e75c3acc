/** On which pages a placed collector stands: every case that Python decided, hostile paths among them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { standsOn } from "../src/pages.ts";
import { vectors } from "./vectors.ts";

const { paths, patterns } = vectors("pages") as { paths: string[]; patterns: Record<string, string[]> };

test("M49: a pattern stands on the paths that Python says it stands on, and on no other", () => {
  assert.ok(paths.length > 30 && Object.keys(patterns).length > 8);
  for (const [pattern, stands] of Object.entries(patterns)) {
    assert.deepEqual(
      paths.filter((path) => standsOn([pattern], path)),
      stands,
      pattern,
    );
  }
});

test("M49: what could be read as another path is matched by nothing", () => {
  const hidden = fc.constantFrom("/..", "/.", "//", "/%2e%2e", "/%2E.", "%2f", "%5c", "\\", " ", "%00", "\n", "\x7f");
  fc.assert(
    fc.property(fc.webPath(), hidden, fc.constantFrom("", "/x"), (path, part, more) => {
      assert.ok(!standsOn(["/**", "/*", "/*/**"], `/a${path}${part}${more}`));
    }),
  );
});
