import { setTimeout as delay } from 'node:timers/promises'
import { mayPass } from '../service/service.ts'
import { print, printJson, printLine, remark, terminalWidth, thrownText } from './print.ts'
import { cut } from './text.ts'

interface Shown<Body> {
  json?: boolean | undefined
  /** Again and again, until Ctrl-C. */
  watch?: boolean | undefined
  read(): Promise<Body>
  text(body: Body, width: number | undefined): string
  /** Behind a list that does not end here, on a terminal. */
  rest?(body: Body): string | undefined
}

// Milliseconds.
const pace = 2_000

export async function showList<Body>({ json, watch, read, text, rest }: Shown<Body>): Promise<void> {
  if (watch) return watchList({ json, read, text })
  const body = await read()
  if (json) return printJson(body)
  print(text(body, terminalWidth()))
  const more = rest?.(body)
  if (more && process.stdout.isTTY) remark(more)
}

/** Draws over itself on a terminal; elsewhere each look that differs from the one before is told. */
async function watchList<Body>({ json, read, text }: Shown<Body>) {
  let last = ''
  for (let isFirst = true; ; isFirst = false) {
    let body: Body | undefined
    let trouble = ''
    try {
      body = await read()
    } catch (error) {
      if (isFirst || !mayPass(error)) throw error
      trouble = thrownText(error)
    }
    const { isTTY, rows } = process.stdout
    const width = terminalWidth()
    if (body !== undefined && json) {
      const line = JSON.stringify(body)
      if (line !== last) printLine(body)
      last = line
    } else if (!isTTY) {
      const said = body === undefined ? trouble : text(body, width)
      if (said !== last) print(said)
      last = said
    } else {
      if (body !== undefined) last = text(body, width)
      if (isFirst) process.stdout.write('\u001b[2J')
      const head = cut(trouble || `${new Date().toLocaleTimeString('en-GB')}, every 2 s; Ctrl-C ends it`, width! - 1)
      const lines = [head, ...last.split('\n')].slice(0, (rows || 24) - 1)
      process.stdout.write(`\u001b[H${lines.map(line => `${line}\u001b[K\n`).join('')}\u001b[J`)
    }
    await delay(pace)
  }
}
