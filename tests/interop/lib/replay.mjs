// A comparison of the engine with the reference over a list of updates, and the search for the shortest list that fails.
import { difference, Peer } from './compare.mjs';
import { roots } from './edits.mjs';
import { base64, Reference } from './reference.mjs';
import { thinner } from './thin.mjs';

export const allReads = roots.flatMap(({ name, kinds, delta }) => [
  ...kinds.map((kind) => ['json', name, kind]), ...(delta ? [['delta', name]] : []), ...(name === 'text' ? [['text', name]] : []),
]);

export const command = (doc, { update, reads, diffs = [], check = true, v = 1, texts }) =>
  ({ op: 'step', doc, update: base64(update), reads, diffs: diffs.map(base64), ...(v === 2 ? { v } : {}), texts, ...(check ? { check } : {}) });

// The first difference over `steps` ({ update, diffs }), or null. A reference that throws ends the replay: what Yjs cannot
// take is no test of this kind.
async function replay(tool, steps, { gc, forward, remembers }) {
  const reference = new Reference({ gc, remembers });
  const peer = forward ? new Peer() : null;
  tool.send({ op: 'new', doc: 'replay', gc, forward }).catch(() => {});
  for (const [index, { update, diffs, v, texts }] of steps.entries()) {
    const step = { update, diffs, reads: allReads, check: true, v, texts };
    let expected;
    try {
      expected = reference.step(step);
    } catch {
      return null;
    }
    let actual;
    try {
      actual = await tool.send(command('replay', step));
    } catch (error) {
      return { index, what: error.message };
    }
    const what = difference(expected, actual, step, peer);
    if (what !== null) return { index, what };
  }
  return null;
}

const kindOf = ({ what }) => /^[^,(\n]*/.exec(what)[0];

function* smallerUpdates(update) {
  try {
    yield* thinner(update);
  } catch {
    // Not every failing update can be taken apart; then it stays whole.
  }
}

// Drops steps, and then parts of each update, as long as the rest still fails (ddmin). `openTool` makes a new tool when the last one died.
export async function shrink(openTool, steps, mode, budget_ms = 30000) {
  let tool = openTool();
  const fails = async (candidate) => {
    if (tool.ended) tool = openTool();
    return replay(tool, candidate, mode);
  };
  let best = await fails(steps);
  if (best === null) {
    tool.close();
    return null;
  }
  let list = steps.slice(0, best.index + 1);
  const deadline = Date.now() + budget_ms;
  for (let parts = 2; list.length > 1 && Date.now() < deadline;) {
    const size = Math.ceil(list.length / parts);
    let smaller = null;
    for (let at = 0; at < list.length && smaller === null && Date.now() < deadline; at += size) {
      const candidate = [...list.slice(0, at), ...list.slice(at + size)];
      const failure = await fails(candidate);
      if (failure !== null) {
        best = failure;
        smaller = candidate.slice(0, failure.index + 1);
      }
    }
    if (smaller !== null) {
      list = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      break;
    } else {
      parts = Math.min(list.length, parts * 2);
    }
  }
  for (let found = true; found && Date.now() < deadline;) {
    found = false;
    for (let i = 0; i < list.length && !found; i++) {
      for (const update of smallerUpdates(list[i].update)) {
        if (Date.now() > deadline) break;
        const candidate = list.map((step, index) => (index === i ? { ...step, update } : step));
        const failure = await fails(candidate);
        if (failure === null || kindOf(failure) !== kindOf(best)) continue;
        best = failure;
        list = candidate.slice(0, failure.index + 1);
        found = true;
        break;
      }
    }
  }
  tool.close();
  return { steps: list, what: best.what };
}
