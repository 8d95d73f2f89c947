import { readConfig } from '#config.ts'
import { connect, type Database, throughIndexes } from '#database/connect.ts'
import { findEmbedded } from '#database/embedded.ts'
import { type QueueNames, queueNames } from '#queue/names.ts'
import { type Voice, voiceOf } from '#tasks/voice.ts'

export interface Caller {
  db: Database
  queues: QueueNames
  voice: Voice
  resultExpires: number
}

let open: Promise<Caller> | undefined

/**
 * The connection of a program that submits tasks: to DATABASE_URL, else to the server that runs on DATA_DIR. One for
 * the whole process, opened with the first call. It does not keep the process alive.
 */
export function openCaller(): Promise<Caller> {
  open ??= connectCaller().catch(error => {
    open = undefined
    throw error
  })
  return open
}

/** For programs that close it before they end. */
export async function closeCaller() {
  const closing = open
  open = undefined
  const caller = await closing
  await caller?.voice.flush()
  await caller?.db.close()
}

async function connectCaller(): Promise<Caller> {
  const config = readConfig()
  const url = config.DATABASE_URL ?? (await findEmbedded(config.DATA_DIR))
  if (!url) {
    throw new Error(
      `There is no database: set DATABASE_URL, or start a server on ${config.DATA_DIR}. A task body gets no ` +
        "DATABASE_URL: submit by HTTP there ('darkroom/client')"
    )
  }
  const db = connect(url, { name: 'darkroom caller', max: 4, settings: throughIndexes, idle: true })
  return { db, queues: queueNames(db), voice: voiceOf(db.pool), resultExpires: config.RESULT_EXPIRES }
}
