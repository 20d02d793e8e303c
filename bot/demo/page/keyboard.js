/** The buttons under a message. */

import { element, icon, safeLink } from "./dom.js";

const STYLES = new Set(["success", "danger", "primary"]);
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * Draw an inline keyboard: one stop for Tab, arrow keys between its buttons.
 * @param {Array<Array<object>>} rows the Bot API's inline_keyboard
 * @param {function(string)} onPress called with the callback data of a pressed button
 */
export function drawKeyboard(rows, onPress) {
  const keyboard = element("div", { class: "keyboard", role: "toolbar", "aria-label": "Buttons" });
  for (const row of rows) {
    keyboard.append(element("div", { class: "keys" }, ...row.map((key) => drawKey(key, onPress))));
  }
  keysOf(keyboard).forEach((key, index) => (key.tabIndex = index === 0 ? 0 : -1));
  keyboard.addEventListener("keydown", (event) => moveFocus(keyboard, event));
  keyboard.addEventListener("focusin", (event) => makeStop(keyboard, event.target));
  return keyboard;
}

function drawKey(key, onPress) {
  const look = STYLES.has(key.style) ? `key ${key.style}` : "key";
  const shared = { class: look, title: key.text, "aria-label": key.text };
  const label = element("span", { class: "key-text", dir: "auto" }, key.text);
  const href = key.url ? safeLink(key.url) : null;
  if (href) {
    return element("a", { ...shared, href, target: "_blank", rel: "noopener noreferrer" }, label, icon("link"));
  }
  const data = key.callback_data;
  const button = element("button", { ...shared, type: "button", "data-data": data }, label);
  button.disabled = data === undefined;
  button.addEventListener("click", () => onPress(data));
  return button;
}

/** Show a spinner on the buttons whose data the bot has not answered yet. */
export function markBusy(keyboard, isBusy) {
  for (const key of keysOf(keyboard)) {
    const busy = key.dataset.data !== undefined && isBusy(key.dataset.data);
    if (busy) key.setAttribute("aria-busy", "true");
    else key.removeAttribute("aria-busy");
  }
}

/** Where the focus is, in words that still mean something on the keyboard that replaces this one. */
export function focusedKey(keyboard) {
  const key = document.activeElement;
  if (!keyboard?.contains(key)) return null;
  const [row, column] = placeOf(keyboard, key);
  return { data: key.dataset.data, row, column };
}

/** Put the focus on the same button, or on what stands in its place now. */
export function refocusKey(keyboard, { data, row, column }) {
  const same = keysOf(keyboard).find((key) => data !== undefined && key.dataset.data === data);
  (same ?? keyAt(keyboard, row, column))?.focus({ preventScroll: true });
}

const keysOf = (keyboard) => [...keyboard.querySelectorAll(".key")];

function placeOf(keyboard, key) {
  const row = key.closest(".keys");
  return [[...keyboard.children].indexOf(row), [...row.children].indexOf(key)];
}

function keyAt(keyboard, row, column) {
  const last = keyboard.children.length - 1;
  const keys = keyboard.children[Math.min(row, last)]?.children ?? [];
  return keys[Math.min(column, keys.length - 1)];
}

function moveFocus(keyboard, event) {
  const step = STEPS[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const [row, column] = placeOf(keyboard, event.target.closest(".key"));
  const keys = keysOf(keyboard);
  const next = step[0]
    ? row + step[0] >= 0 && keyAt(keyboard, row + step[0], column)
    : keys[keys.indexOf(event.target.closest(".key")) + step[1]];
  if (next) next.focus();
}

function makeStop(keyboard, target) {
  const chosen = target.closest(".key");
  for (const key of keysOf(keyboard)) key.tabIndex = key === chosen ? 0 : -1;
}
