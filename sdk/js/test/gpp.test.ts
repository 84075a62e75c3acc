/** O01: the string of `__gpp` is what the IAB's own library reads from it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GppModel } from "@iabgpp/cmpapi";
import { encode, segments } from "../src/gpp.ts";

test("O01: every answer reads as itself in the IAB's own library", () => {
  for (const isAllowed of [undefined, false, true]) {
    for (const gpc of [false, true]) {
      const [core, tail] = segments(isAllowed, gpc);
      const text = encode([core, tail]);
      const model = new GppModel(text);
      assert.deepEqual(model.getSectionIds(), [7]);
      for (const [field, value] of Object.entries({ ...core, ...tail })) {
        assert.deepEqual(model.getFieldValue("usnat", field), value, `${field} of ${text}`);
      }
      assert.equal(model.encode(), text);
    }
  }
});

test("O01: nobody is said to have signed what they did not", () => {
  const [core] = segments(true, false);
  assert.equal(core["MspaCoveredTransaction"], 2);
  assert.deepEqual([core["SaleOptOut"], segments(false, false)[0]["SaleOptOut"]], [2, 1]);
});
