/** Talking to the demo's server as one of its people. */

/** The address of a picture's or document's bytes. */
export const fileUrl = (fileId) => `/phones/files/${encodeURIComponent(fileId)}`;

/** Who takes part, the bot, and the demo's clock. */
export const getPeople = () => ask("/phones/people");

/** What patients were sent, and the address at which changes to it are told. */
export const patients = {
  chat: () => ask("/patients/inboxes"),
  eventsUrl: (after) => `/patients/events?after=${after}`,
};

/** A patient writes an SMS back. */
export const replyAs = (inboxId, text) => post(`/patients/${inboxId}/reply`, { text });

/** Put the demo's clock on by an hour, to the next morning, or by a day. */
export const moveClock = (leap) => post("/clock", { leap });

/** What one person can do in their chat with the bot. */
export function actAs(userId) {
  const base = `/phones/${userId}`;
  return {
    chat: () => ask(`${base}/chat`),
    eventsUrl: (after) => `${base}/events?after=${after}`,
    sendText: (text, replyTo = null) => post(`${base}/text`, { text, reply_to: replyTo }),
    press: (messageId, data) => post(`${base}/press`, { message_id: messageId, data }),
    markRead: (messageId) => post(`${base}/read`, { message_id: messageId }),
    sendDocument: (file, caption) => {
      const body = new FormData();
      body.append("document", file);
      if (caption) body.append("caption", caption);
      return ask(`${base}/document`, { method: "POST", body });
    },
  };
}

function post(path, body) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** @throws {Error} when the server is away or refuses; the message can be shown to the person. */
async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The demo does not answer. Is it still running?");
  }
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

async function reason(answer) {
  try {
    const { description, error } = await answer.json();
    return description ?? error ?? `Refused (${answer.status}).`;
  } catch {
    return `Refused (${answer.status}).`;
  }
}
