import type { Readable } from 'node:stream'
import { v7 as uuid } from 'uuid'
import { refuseBeyond } from '#access/limits.ts'
import { marksOf, type Principal } from '#access/principal.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import { isOutage } from '#database/outage.ts'
import type { Playback } from '#database/tables.ts'
import { StorageFull, StorageUnavailable, UploadEmpty, UploadTooLarge } from '#errors.ts'
import { type Answer, type Key, once } from '#idempotency/once.ts'
import type { Received, Store } from '#storage/store.ts'
import type { Kind } from '#tasks/define.ts'
import { type Enqueued, enqueueIn } from '#tasks/submit/enqueue.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import { mustHaveRoom } from '#tasks/submit/room.ts'
import type { Voice } from '#tasks/voice.ts'
import { originalOf, prefixOf } from '../keys.ts'
import { insertFilm, type PrintsOf } from '../queries.ts'
import type { Style } from '../style.ts'

export interface UploadNeeds {
  db: Database
  store: Store
  voice: Voice
  processVideo: Kind
  defaults: SubmitDefaults
  maxUploadBytes: number
  /** Told of the bytes of each film that arrive, whether or not the film is kept. */
  onReceived(bytes: number): void
}

export interface Accepted {
  id: string
  filename: string
  bytes: number
  sha256: string
  task_id: string
}

interface Upload {
  request_id: string
  principal: Principal
  filename: string
  /** The idempotency key of the request, once the file's hash is known. */
  keyOf(sent: { filename: string; sha256: string; playback?: Playback } & Partial<Style>): Key | undefined
  /** The answer to an accepted upload. */
  say(video: Accepted): Answer
  /** Further arguments of the task that makes the prints. */
  args?: { prints_of?: PrintsOf }
  /** How to make them, where the client has said it. */
  style?: Partial<Style>
  /** For whom it is, where the client has said it. */
  playback?: Playback | undefined
  /** Written in the same transaction, after the film. */
  also?: (trx: InTransaction) => Promise<void>
}

// As wide as the column; longer names are cut, because a name is no reason to refuse a film.
const longestName = 255

/** A film whose bytes have arrived, under an id that no row has yet. */
export interface Arrived extends Received {
  id: string
  /** Where the rows could not be written: removes the file, or leaves it to the client's next try. */
  undo(): Promise<void>
}

/** Streams a file to the store. No transaction is open while bytes arrive: a slow client holds nothing but its socket. */
export async function receiveFile(
  { store, maxUploadBytes, onReceived }: Pick<UploadNeeds, 'store' | 'maxUploadBytes' | 'onReceived'>,
  file: Readable & { truncated?: boolean }
): Promise<Arrived> {
  const id = uuid()
  const received = await store.receive(originalOf(id), file).catch(error => {
    throw outageOf(store, error)
  })
  onReceived(received.bytes)
  const undo = async () => {
    await received.drop()
    await store.remove(prefixOf(id))
  }
  if (received.bytes > 0 && !file.truncated) return { id, ...received, undo }
  await received.drop()
  throw file.truncated ? new UploadTooLarge(maxUploadBytes) : new UploadEmpty()
}

/**
 * Bytes first, rows second: a row never points at a file that is not there, and if the rows cannot be written the
 * file goes too. The worst that a crash leaves is a file without a row, which `sweep` finds.
 */
export async function acceptUpload(needs: UploadNeeds, arrived: Arrived, upload: Upload) {
  const { db, store, voice, processVideo, defaults } = needs
  const { request_id, principal, filename, keyOf, say, args, style, playback, also } = upload
  const { id, bytes, sha256 } = arrived
  let committing = false
  try {
    await arrived.keep()
    const name = cleanName(filename)
    const marks = marksOf(principal)
    const said = { video_id: id, name, ...marks }
    const task = { ...newTask(processVideo, { video_id: id, ...args, ...style }, defaults, said), request_id }
    refuseBeyond(principal.limits, task)
    const video = { id, filename: name, bytes, sha256, task_id: task.id }
    let enqueued: Enqueued[] = []
    // The file is a part of the request: the same name with other bytes is a different request.
    const outcome = await once(
      db,
      keyOf({ filename: name, sha256, ...style, ...(playback && { playback }) }),
      async trx => {
        await mustHaveRoom(trx, principal, 1)
        await insertFilm(trx, { ...video, ...marks, ...(playback && { playback }) })
        enqueued = await enqueueIn(trx, [task])
        await also?.(trx)
        committing = true
        return say(video)
      }
    )
    if (outcome.replayed) await arrived.undo()
    else voice.enqueued(enqueued)
    return outcome
  } catch (error) {
    // If the connection broke during the commit, the row may exist: then the file must stay. `sweep` removes it if the
    // row does not.
    if (!(committing && isOutage(error))) await arrived.undo()
    throw outageOf(store, error)
  }
}

/** An error of the store, as clients see it. */
export function outageOf(store: Store, error: unknown) {
  if (store.isFull(error)) return Object.assign(new StorageFull(), { cause: error })
  if (isOutage(error) || !store.isAway(error)) return error
  return Object.assign(new StorageUnavailable(), { cause: error })
}

/** The name is data: what could mislead a reader (paths, line breaks, direction marks) is left out. */
export function cleanName(filename: string) {
  const last = filename.toWellFormed().split(/[\\/]/).at(-1) ?? ''
  const name = last.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '').trim()
  return [...name].slice(0, longestName).join('') || 'video'
}
