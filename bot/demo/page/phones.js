/** The page: a phone for each person, tabs between them on a narrow screen, the demo's clock. */

import { getPeople, patients } from "./api.js";
import { Chat, showCount } from "./chat.js";
import { Clock } from "./clock.js";
import { element } from "./dom.js";
import { follow } from "./follow.js";
import { Inbox } from "./inbox.js";
import { offerLeaps } from "./leaps.js";

const TICK = 1000;
const RETRY = 1000;

const SIDES = {
  asked: {
    title: "A patient",
    subtitle: "who is asked whether they come",
    tab: "Patient",
    empty: "Messages to patients arrive here. Authorize a transfer on the manager’s phone.",
  },
  offered: {
    title: "Another patient",
    subtitle: "who waits for a slot",
    tab: "Waiting",
    empty: "Once a slot is free, patients who wait are offered it. The first to accept has it.",
  },
};

const phones = []; // {title, section, tab, chat, unread}
let active;

async function start() {
  const { bot, people, now, zone, pages } = await untilThere();
  document.getElementById("starting").remove();
  const clock = new Clock(now, zone);
  showTime(clock);
  setInterval(() => showTime(clock), TICK);
  const sides = pages ? Object.entries(SIDES) : [];
  document.getElementById("room").dataset.phones = people.length + sides.length;
  for (const person of people) addPerson(person, bot, clock, sides.length ? person.first_name : person.title);
  if (pages) {
    followPatients(new Map(sides.map(([side, words]) => [side, addPatient(words, pages, clock)])));
    offerLeaps(async () => {
      const shown = await syncClock(clock);
      for (const { chat } of phones) chat.redraw?.(); // today is another day now
      return shown;
    });
  }
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

function addPerson(person, bot, clock, onTab) {
  const section = fromTemplate("phone-template", person.title, [person.first_name, person.subtitle]);
  section.querySelector(".bot-name").textContent = bot.first_name;
  section.querySelector(".log").setAttribute("aria-label", `${person.title}’s chat with ${bot.first_name}`);
  const phone = addPhone(section, person.title, onTab);
  phone.chat = new Chat(section, person, {
    bot,
    clock,
    onUnread: (count) => showUnread(phone, count),
    onConnection: (connected) => connected && syncClock(clock),
  });
}

function addPatient({ title, subtitle, tab, empty }, pages, clock) {
  const section = fromTemplate("patient-template", title, [subtitle]);
  const log = section.querySelector(".log");
  log.setAttribute("aria-label", `${title}’s messages`);
  log.dataset.empty = empty;
  const phone = addPhone(section, title, tab);
  phone.chat = new Inbox(section, { pages, clock, onUnread: (count) => showUnread(phone, count) });
  return phone;
}

function fromTemplate(name, title, subtitle) {
  const section = document.getElementById(name).content.cloneNode(true).firstElementChild;
  section.querySelector(".owner-title").textContent = title;
  section.querySelector(".owner-subtitle").textContent = subtitle.filter(Boolean).join(", ");
  section.setAttribute("aria-label", `${title}’s phone`);
  document.getElementById("phones").append(section);
  return section;
}

function addPhone(section, title, onTab) {
  const phone = { title, section, tab: addTab(onTab), unread: 0 };
  phones.push(phone);
  section.addEventListener("focusin", () => activate(phone));
  section.addEventListener("pointerdown", () => activate(phone));
  section.querySelector(".log").addEventListener("keydown", (event) => sideways(phone, event));
  phone.tab.addEventListener("click", () => activate(phone));
  return phone;
}

/** Each patient's messages go to the phone of their side; who is offered a slot changes it. */
function followPatients(bySide) {
  follow(patients, {
    onChat: ({ inboxes }) => {
      for (const [side, { chat }] of bySide) chat.load(inboxes.filter((inbox) => inbox.side === side));
    },
    onEvent: (_, inbox) => {
      for (const [side, { chat }] of bySide) {
        if (side === inbox.side) chat.put(inbox);
        else chat.drop(inbox.inbox_id);
      }
    },
    onConnection: () => {},
  });
}

function addTab(title) {
  const tab = element(
    "button",
    { type: "button", class: "tab" },
    element("span", { class: "tab-title" }, title),
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
  for (const badge of [phone.tab, phone.section].map((part) => part.querySelector(".badge"))) showCount(badge, count);
  phone.tab.setAttribute("aria-label", count ? `${phone.title}, ${count} unread` : phone.title);
  const all = phones.reduce((sum, one) => sum + one.unread, 0);
  document.title = all ? `(${all}) Slotwise demo` : "Slotwise demo";
}

function showTime(clock) {
  const shown = document.getElementById("clock");
  const now = clock.now();
  const text = `${clock.date(now)} ${clock.time(now)}`;
  if (shown.textContent === text) return text;
  shown.textContent = text;
  shown.dateTime = new Date(now).toISOString();
  shown.title = `The demo’s time, ${clock.zone}`;
  return text;
}

/** Set the clock by the server's; what it then shows. */
async function syncClock(clock) {
  try {
    clock.set((await getPeople()).now);
  } catch {
    // the chat's own line says that the server is away
  }
  return showTime(clock);
}

start();
