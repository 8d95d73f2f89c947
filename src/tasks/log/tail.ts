// Characters. A body may print gigabytes.
export const tailLength = 8_192

/** The last of what an attempt logs and prints, and how much it has said in all. */
export class Tail {
  said = 0
  #text = ''

  add(chunk: string) {
    // Postgres keeps no NUL.
    const text = chunk.replaceAll('\0', '')
    this.said += text.length
    this.#text = (this.#text + text).slice(-tailLength)
  }

  get text() {
    return this.#text.toWellFormed()
  }
}
