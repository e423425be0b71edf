// The strip of earlier takes: pages of it, what is looked for, and what was painted meanwhile.

import { api } from "./api.js";
import { session } from "./session.js";

const PAGE = 60;
const FEW = 12;
let whole = false;
let asking = 0;

/** The latest takes, in place of whatever was shown. */
export async function loadTakes() {
  const mine = ++asking;
  try {
    const found = await api.takes({ ...session.state.asked, limit: PAGE });
    if (mine !== asking) return;
    whole = found.length < PAGE;
    session.set({ takes: same(found) });
  } catch {
    // The line at the top says that Underpaint is not there; the strip is read again when it is.
  }
}

/** Takes that were painted meanwhile, in front of the others. */
export async function newTakes() {
  const { takes, asked } = session.state;
  const found = await api.takes({ ...asked, limit: FEW }).catch(() => []);
  const known = new Set((session.state.takes ?? []).map((take) => take.id));
  const fresh = found.filter((take) => !known.has(take.id));
  if (takes && fresh.length) session.set({ takes: [...fresh, ...session.state.takes] });
}

/** The next page, when somebody scrolls towards it. */
export async function loadMore() {
  const { takes } = session.state;
  if (whole || !takes?.length) return;
  const mine = ++asking;
  whole = true;
  try {
    const found = await api.takes({ ...session.state.asked, limit: PAGE, offset: takes.length });
    if (mine !== asking) return;
    const known = new Set(takes.map((take) => take.id));
    session.set({ takes: [...takes, ...found.filter((take) => !known.has(take.id))] });
    whole = found.length < PAGE;
  } catch {
    whole = false;
  }
}

export function search(changes) {
  session.set({ asked: { ...session.state.asked, ...changes } });
  loadTakes();
}

/** A take that is shown already stays the same object, so that a pick is a pick everywhere. */
function same(found) {
  const known = new Map((session.state.takes ?? []).map((take) => [take.id, take]));
  return found.map((take) => Object.assign(known.get(take.id) ?? take, take));
}
