/** What pops up over a chat: a toast that goes by itself, an alert that waits for OK. */

import { element } from "./dom.js";

const BASE_TIME = 2500;
const TIME_PER_LETTER = 40;

/** @param {Element} host the toasts' place in a phone */
export function toast(host, text) {
  const shown = element("p", { class: "toast", dir: "auto" }, text);
  host.replaceChildren(shown);
  setTimeout(() => shown.remove(), BASE_TIME + TIME_PER_LETTER * text.length);
}

/** @param {Element} phone the alert stands over this phone */
export function alertOver(phone, text) {
  const dialog = document.getElementById("alert");
  document.getElementById("alert-text").textContent = text;
  const { left, width } = phone.getBoundingClientRect();
  dialog.style.setProperty("--phone-left", `${left}px`);
  dialog.style.setProperty("--phone-width", `${width}px`);
  if (!dialog.open) dialog.showModal();
}
