/** The demo's time, which may be far from the computer's, in the HMO's zone. */

const DAY = { weekday: "short", day: "numeric", month: "short" };

export class Clock {
  /** @param {string} now the demo's moment as ISO text @param {string} zone an IANA zone */
  constructor(now, zone) {
    this.zone = zone;
    this.set(now);
  }

  set(now) {
    this.ahead = Date.parse(now) - Date.now();
  }

  /** The demo's moment in milliseconds. */
  now() {
    return Date.now() + this.ahead;
  }

  /** `09:20` */
  time(moment) {
    return this.#format(moment, { hour: "2-digit", minute: "2-digit" });
  }

  /** `Mon 30 May` */
  date(moment) {
    return this.#format(moment, DAY).replace(",", "");
  }

  /** `Today`, `Yesterday`, `Mon 30 May`, or with the year when it is another one. */
  day(moment) {
    const now = this.now();
    const name = this.date(moment);
    const sameYear = this.#year(moment) === this.#year(now);
    if (!sameYear) return `${name} ${this.#year(moment)}`;
    if (name === this.date(now)) return "Today";
    if (name === this.date(now - 86_400_000)) return "Yesterday";
    return name;
  }

  #year(moment) {
    return this.#format(moment, { year: "numeric" });
  }

  #format(moment, parts) {
    return new Intl.DateTimeFormat("en-GB", { timeZone: this.zone, ...parts }).format(moment);
  }
}
