import type { Redact } from './redact.ts'

// Characters. A body may print gigabytes.
export const tailLength = 8_192
// Of a line whose end has not come.
const longestOpen = 1_024

/** The last of what an attempt logs and prints, and how much it has said in all. */
export class Tail {
  readonly redact: Redact
  #said = 0
  #text = ''
  /** The last line, while it is open: what is taken out of it may be in two pieces. */
  #open = ''

  constructor(redact: Redact = text => text) {
    this.redact = redact
  }

  add(chunk: string) {
    // Postgres keeps no NUL.
    const text = this.#open + chunk.replaceAll('\0', '')
    const end = Math.max(text.lastIndexOf('\n') + 1, text.length - longestOpen)
    const whole = this.redact(text.slice(0, end))
    this.#open = text.slice(end)
    this.#said += whole.length
    this.#text = (this.#text + whole).slice(-tailLength)
  }

  get said() {
    return this.#said + this.redact(this.#open).length
  }

  get text() {
    return (this.#text + this.redact(this.#open)).slice(-tailLength).toWellFormed()
  }
}
