/** Where the reader is in a chat, and keeping them there. */

const NEAR = 48; // pixels from the end that still count as being at the end

export const atEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;

export function toEnd(log, smoothly = false) {
  log.scrollTo({ top: log.scrollHeight, behavior: smoothly ? "smooth" : "instant" });
}

/** Show an element at the top of the log. */
export function toTop(log, shown) {
  log.scrollTo({ top: shown.offsetTop - 8, behavior: "instant" });
}

/**
 * Change a log's content without moving what the reader looks at: at the end they stay at the
 * end, elsewhere the first thing in sight stays where it is.
 */
export function keepingPlace(log, change) {
  const resting = atEnd(log);
  const anchor = [...log.children].find((child) => child.offsetTop + child.offsetHeight > log.scrollTop);
  const place = anchor && log.scrollTop - anchor.offsetTop;
  change();
  if (resting) toEnd(log);
  else if (anchor?.isConnected) log.scrollTop = anchor.offsetTop + place;
}

/** The last of these elements whose beginning is in sight, or undefined. */
export function lastSeen(log, elements) {
  const end = log.scrollTop + log.clientHeight;
  return elements.findLast((one) => one.offsetTop + Math.min(one.offsetHeight, 40) <= end);
}
