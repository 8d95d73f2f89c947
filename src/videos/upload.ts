import type { Readable } from 'node:stream'
import { v7 as uuid } from 'uuid'
import type { Database } from '#database/connect.ts'
import { isOutage } from '#database/outage.ts'
import { StorageFull, UploadEmpty, UploadTooLarge } from '#errors.ts'
import { type Answer, type Key, once } from '#idempotency/once.ts'
import { isFull, type Received, type Storage } from '#storage/disk.ts'
import type { Kind } from '#tasks/define.ts'
import { type Enqueued, enqueueIn } from '#tasks/submit/enqueue.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Voice } from '#tasks/voice.ts'
import { folderOf, originalOf } from './keys.ts'
import { insertVideo } from './queries.ts'

export interface Needs {
  db: Database
  storage: Storage
  voice: Voice
  processVideo: Kind
  defaults: SubmitDefaults
  maxUploadBytes: number
}

export interface Accepted {
  id: string
  filename: string
  bytes: number
  sha256: string
  task_id: string
}

interface Upload {
  filename: string
  /** The key of the request, once it is known what was sent. */
  keyOf(sent: { filename: string; sha256: string }): Key | undefined
  /** How an upload that was accepted is answered. */
  say(video: Accepted): Answer
}

// As wide as the column; longer names are cut, because a name is no reason to refuse a film.
const longestName = 255

/** Streams a file to the disk. No transaction is open while bytes arrive: a slow client holds nothing but its socket. */
export async function receiveFile({ storage, maxUploadBytes }: Needs, file: Readable & { truncated?: boolean }) {
  const received = await storage.receive(file).catch(error => {
    throw isFull(error) ? Object.assign(new StorageFull(), { cause: error }) : error
  })
  if (received.bytes > 0 && !file.truncated) return received
  await received.drop()
  throw file.truncated ? new UploadTooLarge(maxUploadBytes) : new UploadEmpty()
}

/**
 * Bytes first, rows second: a row never points at a file that is not there, and if the rows cannot be written the
 * file goes too. The worst that a crash leaves is a file without a row, which `sweep` finds.
 */
export async function acceptUpload(needs: Needs, received: Received, { filename, keyOf, say }: Upload) {
  const { db, storage, voice, processVideo, defaults } = needs
  const id = uuid()
  let committing = false
  try {
    await received.keep(originalOf(id))
    const task = newTask(processVideo, { video_id: id }, defaults, { video_id: id })
    const name = cleanName(filename)
    const video = { id, filename: name, bytes: received.bytes, sha256: received.sha256, task_id: task.id }
    let enqueued: Enqueued[] = []
    // The file is a part of the request: the same name with other bytes is another one.
    const outcome = await once(db, keyOf({ filename: name, sha256: received.sha256 }), async trx => {
      await insertVideo(trx, video)
      enqueued = await enqueueIn(trx, [task])
      committing = true
      return say(video)
    })
    if (outcome.replayed) await storage.remove(folderOf(id))
    else voice.enqueued(enqueued)
    return outcome
  } catch (error) {
    // A connection that broke over the commit leaves open whether the row is there: then the file must be. `sweep`
    // removes it if it was not.
    if (!(committing && isOutage(error))) {
      await received.drop()
      await storage.remove(folderOf(id))
    }
    throw isFull(error) ? Object.assign(new StorageFull(), { cause: error }) : error
  }
}

/** The name is data: whatever could mislead whoever reads it later (paths, line breaks, direction marks) is left out. */
export function cleanName(filename: string) {
  const last = filename.toWellFormed().split(/[\\/]/).at(-1) ?? ''
  const name = last.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '').trim()
  return [...name].slice(0, longestName).join('') || 'video'
}
