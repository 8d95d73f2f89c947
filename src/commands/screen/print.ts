import { inspect } from 'node:util'

/** Columns of the terminal; undefined where the output is no terminal, so that nothing is cut. */
export function terminalWidth(): number | undefined {
  const { isTTY, columns } = process.stdout
  // Some pseudo-terminals say 0.
  return isTTY ? columns || 80 : undefined
}

/** A program that reads only the beginning, such as head, is no failure. */
export function endWithReader() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', error => {
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
      throw error
    })
  }
}

/** What a pipe has not taken yet would be lost at the exit. */
export async function written() {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>(resolve => stream.write('', () => resolve()))
  }
}

export function print(text: string) {
  process.stdout.write(`${text}\n`)
}

/** For people beside the answer, which may go to a program. */
export function remark(text: string) {
  process.stderr.write(`${text}\n`)
}

/** One document. */
export function printJson(value: unknown) {
  print(JSON.stringify(value, null, 2))
}

/** One document on a line, of what streams. */
export function printLine(value: unknown) {
  print(JSON.stringify(value))
}

/** For people, or the answer of the service as it is for programs. */
export function show(value: unknown, { json, text }: { json: boolean | undefined; text: () => string }) {
  if (json) printJson(value)
  else print(text())
}

export function thrownText(error: unknown): string {
  return error instanceof Error ? error.message : inspect(error)
}
