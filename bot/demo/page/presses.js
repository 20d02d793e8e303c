/** Which pressed buttons still wait for the bot's answer. */

const PATIENCE = 20_000; // after that the bot is taken to be away

export class Presses {
  #waiting = new Set(); // "message_id data"
  #stops = new Map(); // callback_query_id → ends the wait
  #early = new Set(); // answers that overtook the reply to our own request
  #changed;

  /** @param {function(number)} changed called with the id of a message whose buttons changed */
  constructor(changed) {
    this.#changed = changed;
  }

  isWaiting(messageId, data) {
    return this.#waiting.has(`${messageId} ${data}`);
  }

  /**
   * Send a press.
   * @param {function(): Promise<{callback_query_id: string}>} send
   * @returns {Promise<boolean>} false when the bot has not answered in time
   */
  async start(messageId, data, send) {
    const key = `${messageId} ${data}`;
    this.#waiting.add(key);
    this.#changed(messageId);
    try {
      const { callback_query_id: query } = await send();
      if (this.#early.delete(query)) return true;
      return await this.#answered(query);
    } finally {
      this.#waiting.delete(key);
      this.#changed(messageId);
    }
  }

  #answered(query) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(false), PATIENCE);
      const finish = (inTime) => {
        clearTimeout(timer);
        this.#stops.delete(query);
        resolve(inTime);
      };
      this.#stops.set(query, finish);
    });
  }

  /** The bot answered a press. */
  answer(query) {
    const stop = this.#stops.get(query);
    if (stop) stop(true);
    else this.#early.add(query);
  }

  /** Stop waiting for answers that may have been missed. */
  forget() {
    for (const stop of this.#stops.values()) stop(true);
    this.#early.clear();
  }
}
