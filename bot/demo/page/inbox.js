/** A patient's phone: the messages of one patient at a time, and what they write back. */

import { replyAs } from "./api.js";
import { element } from "./dom.js";
import { appendToDay } from "./marks.js";
import { toast } from "./notices.js";
import { toEnd } from "./scroll.js";

const LINK = /https?:\/\/\S+/;
const TOGETHER = 60; // seconds within which messages to several patients are one wave
const POPUP = "popup,noopener,noreferrer,width=420,height=740";
const WIDE = matchMedia("(width >= 700px)");

export class Inbox {
  #phone;
  #log;
  #chooser;
  #field;
  #pages;
  #clock;
  #onUnread;
  #inboxes = new Map(); // inbox_id → inbox; who was written to last comes last
  #shown = null; // the id of the patient whose messages are shown
  #read = 0; // the id of the last message that was seen here
  #active = false;

  /**
   * @param {HTMLElement} phone made from the page's template for patients
   * @param {{pages: string, clock: Clock, onUnread: function(number)}} shared `pages`: where links may lead
   */
  constructor(phone, { pages, clock, onUnread }) {
    this.#phone = phone;
    this.#log = phone.querySelector(".log");
    this.#chooser = phone.querySelector(".whose");
    this.#field = phone.querySelector(".field");
    this.#pages = `${pages}/`;
    this.#clock = clock;
    this.#onUnread = onUnread;
    this.#chooser.addEventListener("change", () => this.#show(Number(this.#chooser.value)));
    phone.querySelector(".composer").addEventListener("submit", (event) => this.#submit(event));
    for (const key of phone.querySelectorAll(".quick .key")) {
      key.addEventListener("click", () => this.#send(key.textContent));
    }
    this.#draw();
  }

  /** Whether this is the phone in the person's hand: only there messages count as read. */
  set active(active) {
    this.#active = active;
    this.#count();
  }

  focus() {
    (this.#field.disabled ? this.#log : this.#field).focus();
  }

  /** Take over the server's whole state. */
  load(inboxes) {
    this.#inboxes.clear();
    for (const inbox of inboxes) this.#inboxes.set(inbox.inbox_id, inbox);
    if (!this.#inboxes.has(this.#shown)) this.#shown = inboxes.findLast(asks)?.inbox_id ?? inboxes.at(-1)?.inbox_id ?? null;
    this.#draw();
    this.#log.removeAttribute("aria-busy");
  }

  /** An inbox has changed: its patient is shown if they are asked something new. */
  put(inbox) {
    const before = this.#inboxes.get(this.#shown);
    this.#inboxes.delete(inbox.inbox_id);
    this.#inboxes.set(inbox.inbox_id, inbox);
    const isNews = asks(inbox) && inbox.messages.at(-1).at - (before?.messages.at(-1).at ?? 0) > TOGETHER;
    if (!before || isNews) this.#shown = inbox.inbox_id;
    this.#draw();
  }

  /** That patient is shown on the other phone now. */
  drop(id) {
    if (!this.#inboxes.delete(id)) return;
    if (this.#shown === id) this.#shown = [...this.#inboxes.keys()].at(-1) ?? null;
    this.#draw();
  }

  /** Show the same again: the day may be another one. */
  redraw() {
    this.#draw();
  }

  #show(id) {
    this.#shown = id;
    this.#draw();
  }

  #draw() {
    const inbox = this.#inboxes.get(this.#shown);
    this.#drawChooser();
    this.#log.replaceChildren();
    for (const message of inbox?.messages ?? []) {
      appendToDay(this.#log, this.#drawMessage(message), message.at * 1000, this.#clock);
    }
    const answersBySms = inbox?.channel === "sms";
    this.#phone.querySelector(".channel").textContent = inbox ? { sms: "SMS", email: "e-mail" }[inbox.channel] : "no message yet";
    this.#phone.querySelector(".composer").hidden = Boolean(inbox) && !answersBySms;
    for (const part of this.#phone.querySelectorAll(".composer :is(.key, .field, .send)")) part.disabled = !answersBySms;
    toEnd(this.#log);
    this.#count();
  }

  #drawChooser() {
    const newest = [...this.#inboxes.values()].reverse();
    const options = newest.map(({ inbox_id: id, name }) =>
      element("option", { value: id, selected: id === this.#shown }, name),
    );
    this.#chooser.replaceChildren(...options);
    this.#chooser.hidden = options.length === 0;
    this.#chooser.disabled = options.length < 2;
    this.#phone.querySelector(".nobody").hidden = options.length > 0;
    const others = options.length - 1;
    this.#phone.querySelector(".others").textContent = others > 0 ? `and ${others} more` : "";
  }

  #drawMessage({ text, subject, at, outgoing }) {
    const body = element("div", { class: "text" });
    if (subject) body.append(element("b", {}, `${subject}\n`));
    body.append(...this.#linked(text));
    const moment = at * 1000;
    const stamp = { datetime: new Date(moment).toISOString(), title: `${this.#clock.date(moment)} ${this.#clock.time(moment)}` };
    body.append(element("span", { class: "meta" }, element("time", stamp, this.#clock.time(moment))));
    const drawn = element("article", { class: "message", "aria-label": outgoing ? "The patient" : "Slotwise" }, element("div", { class: "bubble" }, body));
    drawn.classList.toggle("own", outgoing);
    return drawn;
  }

  /** The text with its links, of which only those to our own pages can be followed. */
  #linked(text) {
    return text.split(new RegExp(`(${LINK.source})`)).map((part) => {
      if (!LINK.test(part) || !part.startsWith(this.#pages)) return part;
      const link = element("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part);
      link.addEventListener("click", (event) => this.#open(event, part));
      return link;
    });
  }

  /** On a wide screen a page opens in a window of a phone's size, over the phone. */
  #open(event, address) {
    if (!WIDE.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { left, top } = this.#phone.getBoundingClientRect();
    const place = `left=${Math.round(window.screenX + left)},top=${Math.round(window.screenY + top + 80)}`;
    window.open(address, "_blank", `${POPUP},${place}`);
  }

  #count() {
    const messages = this.#inboxes.get(this.#shown)?.messages ?? [];
    if (this.#active) this.#read = Math.max(this.#read, messages.at(-1)?.message_id ?? 0);
    const unread = messages.filter(({ message_id: id, outgoing }) => id > this.#read && !outgoing);
    this.#onUnread(unread.length);
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.#field.value.trim();
    if (text && (await this.#send(text))) this.#field.value = "";
  }

  async #send(text) {
    try {
      await replyAs(this.#shown, text);
      return true;
    } catch (problem) {
      toast(this.#phone.querySelector(".toasts"), problem.message);
      return false;
    }
  }
}

/** Whether the newest message of an inbox is one that can be answered on a page. */
function asks(inbox) {
  const { text, outgoing } = inbox.messages.at(-1);
  return !outgoing && /\/[vo]\/[\w-]+/.test(text);
}
