import { createInterface } from 'node:readline/promises'

/** Asks on the terminal; no is the answer that needs no thought. */
export async function isConfirmed(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const interrupted = new Promise<string>(resolve => lines.once('SIGINT', () => resolve('')))
  try {
    return /^y(es)?$/i.test((await Promise.race([lines.question(`${question} [y/N] `), interrupted])).trim())
  } finally {
    lines.close()
  }
}
