import path from 'node:path'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { FileNotFound, PreconditionFailed, RangeNotSatisfiable, StorageUnavailable, VideoNotFound } from '#errors.ts'
import type { Probe } from '#media/probe/probed.ts'
import { answer, bytesIn } from '#schema/answers.ts'
import { isUuid } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { NotStored, type Store } from '#storage/store.ts'
import { outcomeOf } from './conditions.ts'
import { originalOf } from './keys.ts'
import { findVideo, listExtras, listRenditions, type VideoRow } from './queries.ts'

interface FileNeeds {
  db: Database
  store: Store
}

/** Types of the containers that browsers can play; anything else is only ever downloaded. */
const types: [container: RegExp, type: string][] = [
  [/\bmp4\b/, 'video/mp4'],
  [/\bwebm\b|matroska/, 'video/webm'],
  [/^ogg$/, 'video/ogg'],
  [/^mp3$/, 'audio/mpeg'],
  [/^gif$/, 'image/gif']
]

/** Of what we made, by the end of the key. */
const ownTypes = new Map([
  ['.mp4', 'video/mp4'],
  ['.m4a', 'audio/mp4'],
  ['.jpg', 'image/jpeg'],
  ['.webp', 'image/webp'],
  ['.vtt', 'text/vtt; charset=utf-8']
])

const served = [...new Set([...types.map(([, type]) => type), ...ownTypes.values(), 'application/octet-stream'])]
const tag = {
  ETag: Type.String({ description: 'Strong: another file has another one' }),
  'Last-Modified': Type.String({ description: 'When the file was made' }),
  'Accept-Ranges': Type.String({ description: '`bytes`' })
}
const name = {
  'Content-Disposition': Type.Optional(Type.String({ description: 'Of `original`: the name of the uploaded file' }))
}

export const fileAnswers = {
  200: bytesIn(served, 'The file', { ...tag, ...name }),
  206: bytesIn(served, 'The requested range', {
    ...tag,
    ...name,
    'Content-Range': Type.String({ description: 'Which part of how many bytes this is' })
  }),
  304: answer(Type.Null(), 'The copy is current', tag),
  ...readProblems(VideoNotFound, FileNotFound, PreconditionFailed, RangeNotSatisfiable, StorageUnavailable)
}

/** Serves a video's file with ranges and ETags. The name is looked up, never put into a key. */
export async function serveFile(
  { db, store }: FileNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  name: string
) {
  const video = isUuid(id) ? await findVideo(db, id) : undefined
  if (!video) throw new VideoNotFound(id)

  const file = await findFile({ db, store }, id, name)
  const { bytes, changed } = file
  // Strong: a key names one content for ever.
  const etag = `"${bytes.toString(16)}-${changed.getTime().toString(16)}"`
  const outcome = outcomeOf(request.headers, { etag, bytes, changed })
  if (outcome.status === 412) throw new PreconditionFailed()
  if (outcome.status === 416) {
    reply.header('content-range', `bytes */${bytes}`)
    throw new RangeNotSatisfiable()
  }
  // Opened before the headers are set: the answer to a failure would have them too.
  const isRead = 'start' in outcome && request.raw.method !== 'HEAD'
  const content = isRead ? await openFile(store, file.key, outcome) : Readable.from('')
  reply
    .code(outcome.status)
    .headers({ etag, 'last-modified': changed.toUTCString(), 'accept-ranges': 'bytes' })
    .headers(name === 'original' ? headersOfOriginal(video) : { 'content-type': typeOf(file.key) })
    .headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'private, no-cache' })
  if (outcome.status === 304) return reply.removeHeader('content-type').send(content)

  const { start, end } = outcome
  reply.header('content-length', end - start + 1)
  if (outcome.status === 206) reply.header('content-range', `bytes ${start}-${end}/${bytes}`)
  return reply.send(content)
}

function openFile(store: Store, key: string, range: { start: number; end: number }) {
  return store.open(key, range).catch(error => {
    throw error instanceof NotStored ? new FileNotFound(path.basename(key)) : error
  })
}

/** Prints that are replaced meanwhile have a row, but no file any more: a second lookup finds the new ones. */
async function findFile({ db, store }: FileNeeds, id: string, name: string) {
  for (let looks = 1; looks <= 2; looks++) {
    const key = name === 'original' ? originalOf(id) : await findMade(db, id, name)
    const file = key === undefined ? undefined : await store.stat(key)
    if (file) return file
  }
  throw new FileNotFound(name)
}

async function findMade(db: Database, id: string, name: string) {
  const prints = await listRenditions(db, [id])
  const print = prints.find(({ status, storage_key: key }) => status === 'ready' && path.basename(key ?? '') === name)
  if (print) return print.storage_key!
  const extra = (await listExtras(db, [id])).find(each => each.name === name)
  return extra?.storage_key
}

function typeOf(key: string) {
  return ownTypes.get(path.extname(key)) ?? 'application/octet-stream'
}

/** Untrusted bytes: no type that a browser would run, and the file name only as a name to save the file under. */
function headersOfOriginal({ probe, filename }: VideoRow) {
  const container = (probe as Probe | null)?.container ?? ''
  return {
    'content-type': types.find(([pattern]) => pattern.test(container))?.[1] ?? 'application/octet-stream',
    'content-disposition': `attachment; filename="${filename.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(filename).replaceAll(/['()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`,
    'content-security-policy': "default-src 'none'; sandbox"
  }
}
