/** The page: a phone for each person, tabs between them on a narrow screen, the demo's clock. */

import { getPeople } from "./api.js";
import { Chat, showCount } from "./chat.js";
import { Clock } from "./clock.js";
import { element } from "./dom.js";

const TICK = 1000;
const RETRY = 1000;

const phones = []; // {person, section, tab, chat, unread}
let active;

async function start() {
  const { bot, people, now, zone } = await untilThere();
  document.getElementById("starting").remove();
  const clock = new Clock(now, zone);
  showTime(clock);
  setInterval(() => showTime(clock), TICK);
  document.getElementById("room").dataset.phones = people.length;
  for (const person of people) addPhone(person, bot, clock);
  activate(phones[0]);
  document.addEventListener("keydown", between);
}

/** The page may be opened a moment before the server can tell who takes part. */
async function untilThere() {
  for (;;) {
    try {
      return await getPeople();
    } catch (problem) {
      document.getElementById("starting").textContent = problem.message;
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

function addPhone(person, bot, clock) {
  const template = document.getElementById("phone-template");
  const section = template.content.cloneNode(true).firstElementChild;
  const fill = (selector, text) => (section.querySelector(selector).textContent = text);
  fill(".owner-title", person.title);
  fill(".owner-subtitle", [person.first_name, person.subtitle].filter(Boolean).join(", "));
  fill(".bot-name", bot.first_name);
  section.setAttribute("aria-label", `${person.title}’s phone`);
  section.querySelector(".log").setAttribute("aria-label", `${person.title}’s chat with ${bot.first_name}`);
  document.getElementById("phones").append(section);

  const phone = { person, section, tab: addTab(person), unread: 0 };
  phones.push(phone);
  phone.chat = new Chat(section, person, {
    bot,
    clock,
    onUnread: (count) => showUnread(phone, count),
    onConnection: (connected) => connected && syncClock(clock),
  });
  section.addEventListener("focusin", () => activate(phone));
  section.addEventListener("pointerdown", () => activate(phone));
  section.querySelector(".log").addEventListener("keydown", (event) => sideways(phone, event));
  phone.tab.addEventListener("click", () => activate(phone));
}

function addTab(person) {
  const tab = element(
    "button",
    { type: "button", class: "tab" },
    element("span", { class: "tab-title" }, person.title),
    element("span", { class: "badge", hidden: true }),
  );
  document.getElementById("tabs").append(tab);
  return tab;
}

/** Take a phone in the hand: it is the one that is shown on a narrow screen, and whose messages are read. */
function activate(chosen) {
  if (active === chosen) return;
  active = chosen;
  for (const phone of phones) {
    const isActive = phone === chosen;
    phone.section.classList.toggle("active", isActive);
    phone.tab.setAttribute("aria-current", String(isActive));
    phone.chat.active = isActive;
  }
  chosen.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function neighbour(step) {
  return phones[(phones.indexOf(active) + step + phones.length) % phones.length];
}

/** F6 goes to the next phone's message field, Shift+F6 to the one before. */
function between(event) {
  if (event.key !== "F6" || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  const next = neighbour(event.shiftKey ? -1 : 1);
  activate(next);
  next.chat.focus();
}

/** The left and right arrows go from one chat to the one beside it. */
function sideways(phone, event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || event.target !== phone.section.querySelector(".log")) return;
  event.preventDefault();
  const next = neighbour(step);
  activate(next);
  next.section.querySelector(".log").focus();
}

function showUnread(phone, count) {
  phone.unread = count;
  showCount(phone.tab.querySelector(".badge"), count);
  phone.tab.setAttribute("aria-label", count ? `${phone.person.title}, ${count} unread` : phone.person.title);
  const all = phones.reduce((sum, one) => sum + one.unread, 0);
  document.title = all ? `(${all}) Slotwise demo` : "Slotwise demo";
}

function showTime(clock) {
  const shown = document.getElementById("clock");
  const now = clock.now();
  const text = `${clock.date(now)} ${clock.time(now)}`;
  if (shown.textContent === text) return;
  shown.textContent = text;
  shown.dateTime = new Date(now).toISOString();
  shown.title = `The demo’s time, ${clock.zone}`;
}

async function syncClock(clock) {
  try {
    clock.set((await getPeople()).now);
    showTime(clock);
  } catch {
    // the chat's own line says that the server is away
  }
}

start();
