/** One message as an element. */

import { fileUrl } from "./api.js";
import { element, icon } from "./dom.js";
import { formatText } from "./entities.js";
import { drawKeyboard, focusedKey, refocusKey } from "./keyboard.js";

/**
 * Draw a message.
 * @param {object} message the Bot API's Message with `outgoing` and `silent`
 * @param {object} desk what the message needs from its chat: `botName`, `clock`, `quoted(id)`,
 *   `onPress(messageId, data)`, `onCommand(text)`, `onPicture(image)`
 */
export function drawMessage(message, desk) {
  const drawn = element("article", {
    class: "message",
    "data-id": message.message_id,
    tabindex: "-1",
  });
  fill(drawn, message, desk);
  return drawn;
}

/**
 * Show a message's new state in the element that shows the old one. What did not change stays as
 * it is: the same keyboard keeps its focus, a picture stays until the next one is there.
 */
export function redrawMessage(drawn, before, message, desk) {
  const keyboard = drawn.querySelector(".keyboard");
  const sameKeys = keyboard && same(before.reply_markup, message.reply_markup);
  const focus = focusedKey(keyboard);
  const picture = drawn.querySelector(".picture");
  const onPicture = picture !== null && picture === document.activeElement;
  fill(drawn, message, desk);
  const newPicture = drawn.querySelector(".picture");
  if (picture && newPicture) keepPicture(picture.firstChild, newPicture.firstChild);
  if (onPicture) newPicture?.focus({ preventScroll: true });
  const newKeyboard = drawn.querySelector(".keyboard");
  if (sameKeys && newKeyboard) newKeyboard.replaceWith(keyboard);
  if (!focus) return;
  const current = drawn.querySelector(".keyboard");
  if (current) refocusKey(current, focus);
  else drawn.focus({ preventScroll: true });
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function fill(drawn, message, desk) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  drawn.classList.toggle("own", Boolean(message.outgoing));
  drawn.classList.toggle("wide", rows.length > 0 || Boolean(message.photo));
  drawn.setAttribute("aria-label", message.outgoing ? "You" : desk.botName);
  drawn.replaceChildren(drawBubble(message, desk));
  if (rows.length) {
    drawn.append(drawKeyboard(rows, (data) => desk.onPress(message.message_id, data)));
  }
}

function drawBubble(message, desk) {
  const bubble = element("div", { class: "bubble" });
  const words = message.text ?? message.caption ?? "";
  if (message.reply_to_message) bubble.append(drawQuote(message.reply_to_message, desk));
  if (message.photo) bubble.append(drawPicture(message.photo, words, desk));
  if (message.document) bubble.append(drawDocument(message.document));
  const body = element("div", { class: "text" });
  body.append(formatText(words, message.entities ?? message.caption_entities, desk.onCommand));
  body.append(drawMeta(message, desk.clock));
  bubble.append(body);
  bubble.classList.toggle("bare", Boolean(message.photo) && !words);
  return bubble;
}

function drawMeta(message, clock) {
  const sent = message.date * 1000;
  const meta = element("span", { class: "meta" });
  if (message.silent && !message.outgoing) {
    meta.append(element("span", { class: "silent", role: "img", "aria-label": "sent silently", title: "Sent silently" }, icon("silent")));
  }
  if (message.edit_date) {
    const when = clock.time(message.edit_date * 1000);
    meta.append(element("span", { class: "edited", title: `Edited ${when}` }, "edited "));
  }
  const stamp = { datetime: new Date(sent).toISOString(), title: `${clock.date(sent)} ${clock.time(sent)}` };
  meta.append(element("time", stamp, clock.time(sent)));
  return meta;
}

function drawQuote(quoted, desk) {
  const quote = element("p", { class: "quote" });
  const outgoing = desk.quoted(quoted.message_id)?.outgoing ?? quoted.outgoing;
  quote.append(element("b", { class: "quote-name" }, outgoing ? "You" : desk.botName));
  quote.append(element("span", { class: "quote-text", dir: "auto" }, summary(quoted)));
  return quote;
}

/** A message in one line, for a reply strip. */
export function summary(message) {
  const words = message.text ?? message.caption;
  if (words) return words.split("\n", 1)[0];
  if (message.photo) return "Picture";
  return message.document?.file_name ?? "Message";
}

function drawPicture(sizes, caption, desk) {
  const largest = sizes.reduce((best, size) => (size.width > best.width ? size : best));
  const image = element("img", {
    src: fileUrl(largest.file_id),
    width: largest.width,
    height: largest.height,
    alt: caption.split("\n", 1)[0] || "Picture",
  });
  image.style.aspectRatio = `${largest.width} / ${largest.height}`;
  const frame = element("button", { type: "button", class: "picture", "aria-label": `Open the picture: ${image.alt}` }, image);
  frame.addEventListener("click", () => desk.onPicture(frame.querySelector("img")));
  return frame;
}

/** Leave the old picture standing where the new one goes until the new one can be shown at once. */
function keepPicture(oldImage, newImage) {
  newImage.replaceWith(oldImage);
  if (oldImage.getAttribute("src") === newImage.getAttribute("src")) return;
  oldImage.style.aspectRatio = newImage.style.aspectRatio;
  const swap = () => oldImage.replaceWith(newImage);
  newImage.decode().then(swap, swap);
}

function drawDocument(file) {
  const name = file.file_name ?? "file";
  return element(
    "a",
    { class: "document", href: fileUrl(file.file_id), download: name, "aria-label": `Download ${name}` },
    element("span", { class: "document-mark" }, icon("file")),
    element("span", { class: "document-name", dir: "auto", title: name }, name),
    element("span", { class: "document-size" }, fileSize(file.file_size)),
  );
}

function fileSize(bytes = 0) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
