/** One person's chat with the bot: its messages, what is unread, what the bot is doing. */

import { actAs } from "./api.js";
import { Composer } from "./composer.js";
import { follow } from "./follow.js";
import { markBusy } from "./keyboard.js";
import { appendToDay, beginning, markNew, newMark, tidyMarks, unmarkNew } from "./marks.js";
import { alertOver, toast } from "./notices.js";
import { Presses } from "./presses.js";
import { drawMessage, redrawMessage } from "./render.js";
import { atEnd, keepingPlace, lastSeen, toEnd, toTop } from "./scroll.js";
import { openPicture } from "./viewer.js";

const ACTION_LASTS = 5000;
const ACTIONS = {
  typing: "typing…",
  upload_photo: "sending a picture…",
  upload_document: "sending a file…",
};

export class Chat {
  #phone;
  #log;
  #person;
  #desk;
  #clock;
  #composer;
  #presses = new Presses((messageId) => this.#showPresses(messageId));
  #messages = new Map(); // message_id → {message, drawn}
  #lastRead = 0;
  #seq = 0;
  #loaded = false;
  #active = false;
  #wasAtEnd = true;
  #actionEnds;
  #onUnread;

  /**
   * @param {HTMLElement} phone made from the page's template
   * @param {{user_id: number, title: string}} person
   * @param {{bot: object, clock: Clock, onUnread: function(number), onConnection: function(boolean)}} shared
   */
  constructor(phone, person, { bot, clock, onUnread, onConnection }) {
    this.#phone = phone;
    this.#log = phone.querySelector(".log");
    this.#person = actAs(person.user_id);
    this.#clock = clock;
    this.#onUnread = onUnread;
    this.#desk = {
      botName: bot.first_name,
      clock,
      quoted: (id) => this.#messages.get(id)?.message,
      onPress: (messageId, data) => this.#press(messageId, data),
      onCommand: (text) => this.#send(text),
      onPicture: openPicture,
    };
    this.#composer = new Composer(phone.querySelector(".composer"), {
      botName: bot.first_name,
      send: (text, replyTo) => this.#send(text, replyTo),
      sendFile: (file, caption) => this.#sendFile(file, caption),
    });
    this.#listen();
    follow(this.#person, {
      onChat: (chat) => this.#load(chat),
      onEvent: (kind, data, seq) => {
        this.#seq = seq;
        this.#events[kind](data);
      },
      onConnection: (connected) => {
        phone.querySelector(".connection").hidden = connected;
        onConnection(connected);
      },
    });
  }

  /** Whether this is the phone in the person's hand: only there messages count as read. */
  set active(active) {
    this.#active = active;
    if (active) this.#markRead();
  }

  focus() {
    this.#composer.focus();
  }

  #listen() {
    const scrolled = () => {
      this.#wasAtEnd = atEnd(this.#log);
      this.#looked();
    };
    this.#log.addEventListener("scroll", scrolled, { passive: true });
    document.addEventListener("visibilitychange", () => this.#markRead());
    new ResizeObserver(() => this.#resized()).observe(this.#log);
    this.#phone.querySelector(".to-end").addEventListener("click", () => {
      toEnd(this.#log, !matchMedia("(prefers-reduced-motion: reduce)").matches);
      this.#log.focus({ preventScroll: true });
    });
  }

  // --- what the server tells

  /** Take over the server's whole state. */
  #load(chat) {
    const restarted = chat.seq < this.#seq;
    this.#seq = chat.seq;
    this.#presses.forget();
    this.#log.setAttribute("aria-busy", "true");
    if (restarted) this.#clear();
    this.#lastRead = chat.last_read;
    const known = new Set(chat.messages.map((message) => message.message_id));
    keepingPlace(this.#log, () => {
      for (const id of this.#messages.keys()) if (!known.has(id)) this.#remove(id);
      for (const message of chat.messages) this.#put(message);
    });
    this.#composer.setCommands(chat.commands);
    this.#askForReply(chat.messages.at(-1));
    this.#showAction(chat.typing ? "typing" : null);
    const firstSight = !this.#loaded || restarted;
    this.#loaded = true;
    this.#showNew(firstSight);
    this.#log.removeAttribute("aria-busy");
    this.#looked();
  }

  #events = {
    message: ({ message }) => this.#arrived(message),
    edit: ({ message }) => keepingPlace(this.#log, () => this.#put(message)),
    delete: ({ message_id: id }) => keepingPlace(this.#log, () => this.#remove(id)),
    toast: (answer) => this.#answered(answer),
    action: ({ action }) => this.#showAction(action),
    commands: ({ commands }) => this.#composer.setCommands(commands),
  };

  #arrived(message) {
    if (this.#messages.has(message.message_id)) return this.#events.edit({ message });
    const follows = message.outgoing || atEnd(this.#log);
    if (message.outgoing) unmarkNew(this.#log);
    else this.#showAction(null);
    this.#put(message);
    this.#askForReply(message);
    if (follows) toEnd(this.#log);
    this.#looked();
    const unread = this.#unread();
    if (unread.length !== 1 || message.outgoing) return;
    markNew(this.#log, this.#messages.get(unread[0]).drawn);
    if (follows) toEnd(this.#log);
  }

  #answered({ callback_query_id: query, text, show_alert: alert }) {
    this.#presses.answer(query);
    if (text && alert) alertOver(this.#phone, text);
    else if (text) this.#tell(text);
  }

  // --- the messages

  #put(message) {
    const shown = this.#messages.get(message.message_id);
    if (shown) {
      if (JSON.stringify(shown.message) !== JSON.stringify(message)) {
        redrawMessage(shown.drawn, shown.message, message, this.#desk);
      }
      shown.message = message;
    } else {
      const drawn = drawMessage(message, this.#desk);
      this.#messages.set(message.message_id, { message, drawn });
      appendToDay(this.#log, drawn, message.date * 1000, this.#clock);
    }
    this.#showPresses(message.message_id);
  }

  #remove(id) {
    this.#messages.get(id)?.drawn.remove();
    this.#messages.delete(id);
    tidyMarks(this.#log);
    this.#looked();
  }

  #clear() {
    this.#messages.clear();
    this.#log.replaceChildren();
  }

  /** Mark where the unread part begins; at first sight the reader starts there, or at the end. */
  #showNew(firstSight) {
    const [first] = this.#unread();
    const drawn = this.#messages.get(first)?.drawn;
    if (drawn && !newMark(this.#log)) markNew(this.#log, drawn);
    if (!firstSight) return;
    toEnd(this.#log);
    const start = drawn && beginning(drawn);
    if (start && start.offsetTop < this.#log.scrollTop) toTop(this.#log, start);
  }

  #askForReply(message) {
    if (message?.outgoing) this.#composer.replyTo(null);
    if (!message?.force_reply) return;
    this.#composer.replyTo(message);
    if (this.#active) this.#composer.focus();
  }

  // --- reading

  #unread() {
    return [...this.#messages]
      .filter(([id, { message }]) => id > this.#lastRead && !message.outgoing)
      .map(([id]) => id);
  }

  #looked() {
    this.#phone.querySelector(".to-end").hidden = atEnd(this.#log);
    this.#markRead();
    const unread = this.#unread().length;
    for (const badge of this.#phone.querySelectorAll(".badge")) showCount(badge, unread);
    this.#onUnread(unread);
  }

  #markRead() {
    if (!this.#active || !this.#loaded || document.hidden) return;
    const drawn = this.#unread().map((id) => this.#messages.get(id).drawn);
    const seen = lastSeen(this.#log, drawn);
    if (!seen) return;
    this.#lastRead = Number(seen.dataset.id);
    this.#person.markRead(this.#lastRead).catch(() => {}); // told again with the next one
    this.#looked();
  }

  #resized() {
    if (this.#wasAtEnd) toEnd(this.#log);
    this.#looked();
  }

  // --- doing

  async #press(messageId, data) {
    if (this.#presses.isWaiting(messageId, data)) return;
    const answered = await this.#try(() =>
      this.#presses.start(messageId, data, () => this.#person.press(messageId, data)),
    );
    if (answered === false) this.#tell("The bot has not answered yet.");
  }

  async #send(text, replyTo) {
    return Boolean(await this.#try(() => this.#person.sendText(text, replyTo)));
  }

  async #sendFile(file, caption) {
    return Boolean(await this.#try(() => this.#person.sendDocument(file, caption)));
  }

  async #try(work) {
    try {
      return await work();
    } catch (problem) {
      this.#tell(problem.message);
      return null;
    }
  }

  #showPresses(messageId) {
    const keyboard = this.#messages.get(messageId)?.drawn.querySelector(".keyboard");
    if (keyboard) markBusy(keyboard, (data) => this.#presses.isWaiting(messageId, data));
  }

  #showAction(action) {
    clearTimeout(this.#actionEnds);
    const state = this.#phone.querySelector(".bot-state");
    state.textContent = action ? (ACTIONS[action] ?? "busy…") : "bot";
    state.classList.toggle("acting", Boolean(action));
    if (action) this.#actionEnds = setTimeout(() => this.#showAction(null), ACTION_LASTS);
  }

  #tell(text) {
    toast(this.#phone.querySelector(".toasts"), text);
  }
}

/** Show a number in a badge, or nothing at all for none. */
export function showCount(badge, count) {
  badge.hidden = count === 0;
  badge.textContent = count > 99 ? "99+" : String(count);
  badge.title = `${count} unread`;
}
