import { readConfig } from '#config.ts'
import { connect, type Database, throughIndexes } from '#database/connect.ts'
import { type QueueNames, queueNames } from '#queue/names.ts'
import { type Voice, voiceOf } from '#tasks/voice.ts'
import { findDatabaseUrl } from './database-url.ts'

export interface Caller {
  db: Database
  queues: QueueNames
  voice: Voice
  resultExpires: number
}

let open: Promise<Caller> | undefined

/**
 * The connection of a program, or of a task body, that submits tasks. One for the whole process, opened with the first
 * call. It does not keep the process alive.
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
  const url = await findDatabaseUrl(config)
  const db = connect(url, { name: 'darkroom caller', max: 4, settings: throughIndexes, idle: true })
  return { db, queues: queueNames(db), voice: voiceOf(db.pool), resultExpires: config.RESULT_EXPIRES }
}
