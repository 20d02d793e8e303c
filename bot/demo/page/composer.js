/** Writing to the bot: the field, the command menu, a file, and the reply strip. */

import { element } from "./dom.js";
import { summary } from "./render.js";

let menus = 0;

export class Composer {
  #form;
  #field;
  #menu;
  #opener;
  #commands = [];
  #offered = [];
  #chosen = 0;
  #replyTo = null;
  #hooks;

  /**
   * @param {HTMLFormElement} form
   * @param {{send: function(string, ?number): Promise<boolean>,
   *   sendFile: function(File, string): Promise<boolean>, botName: string}} hooks
   *   both promises tell whether it was sent
   */
  constructor(form, hooks) {
    this.#form = form;
    this.#hooks = hooks;
    this.#field = form.querySelector(".field");
    this.#menu = form.querySelector(".menu");
    this.#opener = form.querySelector(".open-menu");
    this.#menu.id = `menu-${++menus}`;
    this.#field.setAttribute("aria-controls", this.#menu.id);
    this.#opener.setAttribute("aria-controls", this.#menu.id);
    this.#listen();
  }

  setCommands(commands) {
    this.#commands = commands;
    this.#opener.hidden = commands.length === 0;
    if (!this.#menu.hidden) this.#offer();
  }

  /** Ask for an answer to this message, or with null for none. */
  replyTo(message) {
    this.#replyTo = message;
    const strip = this.#form.querySelector(".replying");
    strip.hidden = message === null;
    this.#field.placeholder = message?.force_reply?.input_field_placeholder ?? "Message";
    if (!message) return;
    strip.querySelector(".quote-name").textContent = `Reply to ${this.#hooks.botName}`;
    strip.querySelector(".quote-text").textContent = summary(message);
  }

  focus() {
    this.#field.focus();
  }

  #listen() {
    const form = this.#form;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("input", () => this.#typed());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#field.addEventListener("blur", () => this.#close());
    this.#opener.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#opener.addEventListener("click", (event) => this.#toggle(event));
    this.#menu.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#menu.addEventListener("click", (event) => this.#clicked(event));
    form.querySelector(".drop-reply").addEventListener("click", () => {
      this.replyTo(null);
      this.focus();
    });
    const file = form.querySelector(".file");
    form.querySelector(".attach").addEventListener("click", () => file.click());
    file.addEventListener("change", () => this.#attach(file));
  }

  // --- sending

  async #submit() {
    const text = this.#field.value.trim();
    if (!text) return;
    const answered = this.#replyTo;
    this.#write("");
    this.replyTo(null);
    if (await this.#hooks.send(text, answered?.message_id ?? null)) return;
    if (!this.#field.value) this.#write(text); // not sent: nothing that was written is lost
    this.replyTo(answered);
  }

  async #attach(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    const button = this.#form.querySelector(".attach");
    button.setAttribute("aria-busy", "true");
    const caption = this.#field.value.trim();
    if (await this.#hooks.sendFile(file, caption)) this.#write("");
    button.removeAttribute("aria-busy");
  }

  #write(text) {
    this.#field.value = text;
    this.#typed();
  }

  // --- the command menu

  #typed() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
    this.#form.classList.toggle("ready", this.#field.value.trim() !== "");
    if (/^\/\w*$/.test(this.#field.value)) this.#offer();
    else this.#close();
  }

  #toggle(event) {
    if (!this.#menu.hidden) return this.#close();
    const byKeyboard = event.detail === 0;
    if (byKeyboard || matchMedia("(pointer: fine)").matches) this.focus();
    this.#offer("/");
  }

  /** Show the commands that begin with what is written. */
  #offer(written = this.#field.value) {
    const start = written.startsWith("/") ? written.slice(1).toLowerCase() : "";
    this.#offered = this.#commands.filter(({ command }) => command.startsWith(start));
    if (!this.#offered.length) return this.#close();
    this.#menu.replaceChildren(...this.#offered.map((command, index) => this.#option(command, index)));
    this.#menu.hidden = false;
    this.#choose(0);
    this.#expanded(true);
  }

  #option({ command, description }, index) {
    return element(
      "div",
      { class: "option", role: "option", id: `${this.#menu.id}-${index}`, "data-index": index },
      element("b", {}, `/${command}`),
      element("span", { dir: "auto" }, description),
    );
  }

  #choose(index) {
    const options = [...this.#menu.children];
    this.#chosen = (index + options.length) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === this.#chosen)));
    options[this.#chosen].scrollIntoView({ block: "nearest" });
    this.#field.setAttribute("aria-activedescendant", options[this.#chosen].id);
  }

  #expanded(open) {
    this.#field.setAttribute("aria-expanded", String(open));
    this.#opener.setAttribute("aria-expanded", String(open));
  }

  #close() {
    this.#menu.hidden = true;
    this.#field.removeAttribute("aria-activedescendant");
    this.#expanded(false);
  }

  #clicked(event) {
    const option = event.target.closest(".option");
    if (option) this.#run(this.#offered[option.dataset.index]);
  }

  #run({ command }) {
    this.#write(`/${command}`);
    this.#submit();
  }

  #key(event) {
    if (event.isComposing) return;
    const open = !this.#menu.hidden;
    const keys = {
      Enter: () => (open ? this.#run(this.#offered[this.#chosen]) : this.#submit()),
      ...(open && {
        ArrowDown: () => this.#choose(this.#chosen + 1),
        ArrowUp: () => this.#choose(this.#chosen - 1),
        Tab: () => this.#write(`/${this.#offered[this.#chosen].command} `),
        Escape: () => this.#close(),
      }),
    };
    if (event.shiftKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }
}
