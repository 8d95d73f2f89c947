// Milliseconds that a batch should take: tasks that are claimed beside it wait for no longer than one commit of it.
const aim = 80
const fewest = 100
const most = 2_000

/** How many tasks a batch has: as many as Postgres changes in good time, which depends on what else it does. */
export class Pace {
  #tasks = 500

  get tasks() {
    return this.#tasks
  }

  /** At most half and twice as many as before: one slow commit says little. */
  adapt(milliseconds: number) {
    const ratio = Math.min(2, Math.max(0.5, aim / Math.max(1, milliseconds)))
    this.#tasks = Math.round(Math.min(most, Math.max(fewest, this.#tasks * ratio)))
  }
}
