/** A message's text and its entities, as elements. */

import { element, safeLink } from "./dom.js";

const PLAIN_TAGS = {
  bold: "b",
  italic: "i",
  underline: "u",
  strikethrough: "s",
  code: "code",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

/**
 * Turn text into nodes. Offsets count UTF-16 units, which is also how JavaScript counts.
 * @param {string} text
 * @param {Array<{type: string, offset: number, length: number, url?: string}>} entities
 * @param {function(string)} onCommand called with a `/command` in the text that was pressed
 * @returns {DocumentFragment}
 */
export function formatText(text, entities = [], onCommand = () => {}) {
  const ordered = entities
    .map((entity) => ({ ...entity, end: entity.offset + entity.length }))
    .sort((a, b) => a.offset - b.offset || b.end - a.end);
  return build(text, 0, text.length, ordered, onCommand);
}

/** Lay out text[start:end]; each outermost entity takes those within it along. */
function build(text, start, end, entities, onCommand) {
  const made = document.createDocumentFragment();
  let at = start;
  let rest = entities;
  while (rest.length) {
    const [entity, ...others] = rest;
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.end, end);
    const within = others.filter((other) => other.offset < to);
    rest = others.slice(within.length);
    if (to <= from) continue;
    made.append(text.slice(at, from));
    const inner = build(text, from, to, within, onCommand);
    made.append(wrap(entity, inner, text.slice(from, to), onCommand));
    at = to;
    if (isBlock(entity) && text[at] === "\n") at += 1; // the block's own end breaks the line
  }
  made.append(text.slice(at, end));
  return made;
}

const isBlock = (entity) => entity.type === "pre" || PLAIN_TAGS[entity.type] === "blockquote";

function wrap(entity, inner, text, onCommand) {
  const tag = PLAIN_TAGS[entity.type];
  if (tag) return element(tag, {}, inner);
  switch (entity.type) {
    case "pre":
      return element("pre", { dir: "ltr" }, inner);
    case "spoiler":
      return spoiler(inner);
    case "url":
      return link(text.includes("://") ? text : `https://${text}`, inner);
    case "text_link":
      return link(entity.url, inner);
    case "bot_command":
      return command(text, onCommand);
    default:
      return inner;
  }
}

function link(address, inner) {
  const href = safeLink(address);
  if (!href) return inner;
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, inner);
}

function command(text, onCommand) {
  const button = element("button", { type: "button", class: "command" }, text);
  button.addEventListener("click", () => onCommand(text));
  return button;
}

function spoiler(inner) {
  const hidden = element("span", { "aria-hidden": "true" }, inner);
  const cover = element(
    "button",
    { type: "button", class: "spoiler", "aria-label": "Hidden text: press to show" },
    hidden,
  );
  cover.addEventListener("click", () => {
    const shown = element("span", { class: "revealed", tabindex: "-1" }, ...hidden.childNodes);
    cover.replaceWith(shown);
    shown.focus();
  });
  return cover;
}
