/** Staying in touch with one chat: load it, listen, and start over whenever the line breaks. */

const EVENTS = ["message", "edit", "delete", "toast", "action", "commands", "inbox"];
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 4000;

/**
 * Follow a chat for as long as the page lives.
 *
 * Each round starts from the server's whole state, so it makes no difference whether events were
 * missed, the computer slept, or the server was restarted.
 * @param {object} person from actAs(), or all patients
 * @param {{onChat: function(object), onEvent: function(string, object, number),
 *   onConnection: function(boolean)}} hooks the event's kind, what it says, and its number
 */
export async function follow(person, { onChat, onEvent, onConnection }) {
  let pause = FIRST_PAUSE;
  for (;;) {
    await pageShown();
    try {
      const chat = await person.chat();
      onChat(chat);
      onConnection(true);
      pause = FIRST_PAUSE;
      await listen(person.eventsUrl(chat.seq), onEvent);
    } catch (problem) {
      console.info("Chat not reachable yet:", problem.message);
    }
    if (document.hidden) continue;
    onConnection(false);
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/** Pass events on until the stream breaks, or the page is put away (browsers allow few streams). */
function listen(url, onEvent) {
  return new Promise((resolve) => {
    const stream = new EventSource(url);
    const stop = () => {
      document.removeEventListener("visibilitychange", stop);
      stream.close();
      resolve();
    };
    for (const kind of EVENTS) {
      stream.addEventListener(kind, ({ data, lastEventId }) =>
        onEvent(kind, JSON.parse(data), Number(lastEventId)),
      );
    }
    stream.addEventListener("error", stop);
    document.addEventListener("visibilitychange", stop);
  });
}

function pageShown() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) =>
    document.addEventListener("visibilitychange", () => resolve(pageShown()), { once: true }),
  );
}
