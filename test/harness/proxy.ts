import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A proxy between the service and Postgres that a test can cut, or stop from sending answers. */
export interface Proxy {
  url: string
  /** From the first answer with this text on, its connection sends no more; queries still reach Postgres. */
  swallowAnswersWith(text: string): void
  /** No connection sends answers any more, as with a frozen Postgres; queries still reach it. */
  swallowAnswers(): void
  /** Every connection breaks; new ones are refused until `restore`. */
  cut(): void
  /** The next query with this text crashes Postgres: as `cut`, until a few connections have been refused. */
  crashAtQuestionWith(text: string): void
  restore(): void
  /** Number of forwarded queries with this text; those in one packet count as one. */
  asked(text: string): number
  /** Number of refused connections. */
  refused(): number
}

const refusalsOfACrash = 3

export async function openProxy(t: Test, url: string): Promise<Proxy> {
  const target = new URL(url)
  const open = new Set<Socket>()
  const questions: Buffer[] = []
  let swallowed: string | undefined
  let deadly: string | undefined
  let broken = false
  let refused = 0
  let backAfter = Number.POSITIVE_INFINITY

  function cut() {
    broken = true
    for (const socket of open) socket.destroy()
  }

  function restore() {
    broken = false
    swallowed = undefined
    backAfter = Number.POSITIVE_INFINITY
  }

  const server = createServer(near => {
    if (broken) {
      refused++
      if (refused >= backAfter) restore()
      return near.resetAndDestroy()
    }
    const far = connect({ host: target.hostname, port: Number(target.port) })
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    let deaf = false
    near.on('data', chunk => {
      if (deadly === undefined || !chunk.includes(deadly)) {
        questions.push(chunk)
        return far.write(chunk)
      }
      deadly = undefined
      backAfter = refused + refusalsOfACrash
      cut()
    })
    far.on('data', chunk => {
      if (swallowed !== undefined && chunk.includes(swallowed)) deaf = true
      if (!deaf) near.write(chunk)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })

  const mine = new URL(url)
  mine.hostname = '127.0.0.1'
  mine.port = String((server.address() as { port: number }).port)
  return {
    url: mine.href,
    swallowAnswersWith(text) {
      swallowed = text
    },
    swallowAnswers() {
      // Which is in every answer.
      swallowed = ''
    },
    cut,
    crashAtQuestionWith(text) {
      deadly = text
    },
    restore,
    asked: text => questions.filter(question => question.includes(text)).length,
    refused: () => refused
  }
}
