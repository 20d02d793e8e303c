/** The marks between a log's messages: where a day begins, where the unread part begins. */

import { element } from "./dom.js";

/** The last part of a log grows by a message; if that begins a day, so it says. */
export function appendToDay(log, drawn, moment, clock) {
  const days = [...log.querySelectorAll(".day")];
  const last = days.at(-1)?.dataset.moment;
  if (!last || clock.date(Number(last)) !== clock.date(moment)) {
    const day = element("p", { class: "day", "data-moment": moment }, element("span"));
    log.append(day);
    for (const one of [...days, day]) {
      one.firstChild.textContent = clock.day(Number(one.dataset.moment)); // today moves on
    }
  }
  log.append(drawn);
}

/** Draw the line above the first unread message, unless nothing stands above it. */
export function markNew(log, drawn) {
  unmarkNew(log);
  if (drawn === log.querySelector(".message")) return;
  drawn.before(element("p", { class: "new" }, element("span", {}, "New messages")));
}

export const unmarkNew = (log) => newMark(log)?.remove();

export const newMark = (log) => log.querySelector(".new");

/** A message with the marks that stand right above it begins here. */
export function beginning(drawn) {
  let first = drawn;
  while (first.previousElementSibling?.matches(".day, .new")) first = first.previousElementSibling;
  return first;
}

/** Take away marks that no message follows any more. */
export function tidyMarks(log) {
  for (const mark of [...log.querySelectorAll(".day, .new")].reverse()) {
    const next = mark.nextElementSibling;
    if (!next || next.matches(".day")) mark.remove();
  }
}
