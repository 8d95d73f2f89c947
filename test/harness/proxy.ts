import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A wire between the service and Postgres that a test can cut, or make deaf in one direction. */
export interface Proxy {
  url: string
  /** A connection that is to bring an answer with this text brings nothing any more, but is still heard. */
  swallowAnswersWith(text: string): void
  /** No connection brings an answer any more, as with a Postgres that is frozen; what is asked is still heard. */
  swallowAnswers(): void
  /** Every connection breaks; new ones are refused until `restore`. */
  cut(): void
  /** Whoever next asks something with this text brings Postgres down: as `cut`, until a few have been refused. */
  crashAtQuestionWith(text: string): void
  restore(): void
  /** How many questions with this text it has passed on; those in one packet count as one. */
  asked(text: string): number
  /** How many connections it has refused. */
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
