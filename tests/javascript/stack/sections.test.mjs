import assert from "node:assert/strict";
import { test } from "node:test";

import { Sections } from "../../../assets/stack/sections.mjs";
import { depthNote, depthText, specimenNote, valueText } from "../../../assets/stack/words.mjs";

/** Three sections of 4 spots in a square of 10, the last out of the frame. */
function stacked(how = {}) {
  const depths = [0, 5, 20];
  const coordinates = Float32Array.from(
    depths.flatMap((z, at) => [[0, 0], [10, 0], [0, 10], [10, 10]].flatMap(([x, y]) => [x + (at === 2 ? 500 : 0), y, z])),
  );
  const stack = {
    name: "a", stage: "E9", specimen: "", told: "donor", depth: "given", depth_unit: "um", in_proportion: true,
    sections: depths.map((z, slice) => ({ slice, z, registered: slice < 2 })), ...how,
  };
  const description = { n_spots: 12, slices: depths.map((_, at) => ({ name: `s${at}`, start: 4 * at, stop: 4 * at + 4 })) };
  return new Sections(/** @type {any} */ (stack), /** @type {any} */ (description), coordinates);
}

test("the view is fitted to the sections of the common frame", () => {
  assert.deepEqual(stacked().box, { minX: 0, minY: 0, maxX: 10, maxY: 10 });
  assert.deepEqual(stacked().depths, [0, 20]);
});

test("depth is drawn true where it is in the unit of the plane, else to a usual height", () => {
  const true_ = stacked();
  assert.equal(true_.height(5, 1), 5);
  assert.equal(true_.height(20, 2), 40);
  const other = stacked({ in_proportion: false });
  assert.ok(Math.abs(other.height(20, 1) - 8.5) < 1e-9);
});

test("coordinates of another number of spots are refused", () => {
  const description = { n_spots: 5, slices: [] };
  assert.throws(() => new Sections(/** @type {any} */ ({ sections: [] }), /** @type {any} */ (description), new Float32Array(12)), /4 coordinates came for 5 spots/);
});

test("depths and their notes say what is known", () => {
  const given = stacked();
  assert.equal(depthText(given.list[1], given.stack), "5 µm");
  assert.equal(depthNote(given.stack), "");
  const order = stacked({ depth: "order" });
  assert.equal(depthText({ ...order.list[1], depth: 1 }, order.stack), "2 of 3");
  assert.match(depthNote(order.stack), /not known/);
  assert.match(depthNote(stacked({ in_proportion: false }).stack), /not to the plane/);
  assert.match(specimenNote(stacked({ told: "" }).stack), /No column/);
  assert.equal(valueText(12.345, "micron"), "12.3 µm");
});
