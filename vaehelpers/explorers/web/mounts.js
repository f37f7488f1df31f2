// Explorers in a page without a kernel: each by its name, with controls of its own.

import { frame } from "./elements.js";
import { EXPLORERS } from "./registry.js";
import { store } from "./state.js";

/**
 * Draw the explorer of that name into an element of a page, in place of what is there. It begins as usual, but for what
 * `begin` says, and as it was left once it has been moved.
 */
export function mount(name, place, given, begin = {}) {
  const { title, draw, controls, start } = EXPLORERS[name];
  const root = frame(title);
  const state = store({ ...start(given), ...begin, ...kept(place.id) });
  state.on(() => keep(place.id, state));
  place.replaceChildren(root);
  draw(root, given, state);
  root.append(controls(given, state));
}

/** Return what bytes in a text (base64) are, as a DataView. */
export function bytesIn(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new DataView(bytes.buffer);
}

// Where each explorer was left, until the page is closed. Browsers may forbid it: then nothing is kept.
const KEPT = "vaehelpers ";

function kept(id) {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT + id)) ?? {};
  } catch {
    return {};
  }
}

function keep(id, state) {
  try {
    sessionStorage.setItem(KEPT + id, JSON.stringify(state.all()));
  } catch {
    return; // the explorer works as well without
  }
}
