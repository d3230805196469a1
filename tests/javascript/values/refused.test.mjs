import assert from "node:assert/strict";
import { test } from "node:test";

import { AnswerFault } from "../../../assets/page/answers.mjs";
import { accept, moveOn, movesOf, refuse } from "../../../assets/values/refused.mjs";
import { PartlyUnknown } from "../../../assets/values/several.mjs";

/** A view, and what is told over it by what it is about. */
function viewed() {
  /** @type {Map<string, string>} */
  const told = new Map();
  const warn = (/** @type {string} */ text, /** @type {{about: string}} */ { about }) => {
    if (text) told.set(about, text);
    else told.delete(about);
  };
  return { view: /** @type {any} */ ({ frame: { warn }, description: { factors: [], obs: [] } }), told };
}

test("what is lacking of several colours is told while the others are shown, and no longer", () => {
  const { view, told } = viewed();
  const lack = new PartlyUnknown(["gene:X"], "blend:A,B");
  assert.equal(refuse(view, "blend:A,X,B", lack), "blend:A,B");
  accept(view, "blend:A,B");
  assert.match(told.get("parts") ?? "", /does not have: “X”/);
  accept(view, "gene:A");
  assert.equal(told.size, 0);

  refuse(view, "blend:A,X,B", lack);
  moveOn(view, { size: 2 });
  assert.equal(told.size, 1);
  moveOn(view);
  assert.equal(told.size, 0);
});

test("a colour that is refused leaves what is told of the one that is shown", () => {
  const { view, told } = viewed();
  refuse(view, "blend:A,X,B", new PartlyUnknown(["gene:X"], "blend:A,B"));
  accept(view, "blend:A,B");
  assert.equal(refuse(view, "gene:Y", new AnswerFault("No such gene.", 404)), "");
  assert.deepEqual([...told.keys()].sort(), ["parts", "refused"]);
  accept(view, "blend:A,B");
  assert.deepEqual([...told.keys()], ["parts"]);
});

test("what is refused for good is told until the reader goes on, what may come yet for longer", () => {
  const { view, told } = viewed();
  refuse(view, "gene:Y", new AnswerFault("No such gene.", 404));
  refuse(view, "gene:Z", new AnswerFault("Too busy.", 503));
  assert.deepEqual([...told.keys()], ["color"]);
  moveOn(view, { stage: "E9" });
  assert.deepEqual([...told.keys()], ["color"]);
  refuse(view, "gene:Y", new AnswerFault("No such gene.", 404));
  assert.deepEqual([...told.keys()], ["refused"]);
  const before = movesOf(view);
  moveOn(view, { stage: "" });
  assert.equal(told.size, 0);
  assert.notEqual(movesOf(view), before);
});
