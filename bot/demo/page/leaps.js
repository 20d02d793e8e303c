/** Putting the demo's clock on. */

import { moveClock } from "./api.js";

/**
 * Make the clock in the bar a button that opens the leaps.
 * @param {function(): string} onMoved called after each leap; gives the time that it now is
 */
export function offerLeaps(onMoved) {
  const opener = document.getElementById("open-leaps");
  const menu = document.getElementById("leaps");
  const said = document.getElementById("leaps-said");
  const keys = [...menu.querySelectorAll("[data-leap]")];
  opener.disabled = false;
  const leap = async (chosen) => {
    for (const key of keys) key.disabled = true;
    chosen.setAttribute("aria-busy", "true");
    said.textContent = "Time passes…";
    try {
      const { told } = await moveClock(chosen.dataset.leap);
      said.textContent = `${await onMoved()}. The HMO has told of ${told.toLocaleString("en")} appointments.`;
    } catch (problem) {
      said.textContent = problem.message;
    }
    chosen.removeAttribute("aria-busy");
    for (const key of keys) key.disabled = false;
    chosen.focus();
  };
  for (const key of keys) key.addEventListener("click", () => leap(key));
}
