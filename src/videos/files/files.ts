import { createHash } from 'node:crypto'
import path from 'node:path'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import type { Database } from '#database/connect.ts'
import { FileNotFound, PreconditionFailed, RangeNotSatisfiable, StorageUnavailable, VideoNotFound } from '#errors.ts'
import { playlistType } from '#media/hls/playlist.ts'
import type { Probe } from '#media/probe/probed.ts'
import { answer, bytesIn } from '#schema/answers.ts'
import { NotStored, type Store } from '#storage/store.ts'
import { hlsIn, isHlsFile, masterName, pictureName, tracksName } from '../hls-keys.ts'
import { originalOf, printsOf } from '../keys.ts'
import { listExtras, listRenditions, listStreams, type VideoRow } from '../queries.ts'
import { noting, type RecordDownload } from './downloads.ts'
import { type Growing, growingPlaylist } from './growing.ts'
import { type Served, sendFile } from './send-file.ts'

export interface FileNeeds {
  db: Database
  store: Store
  recordDownload: RecordDownload
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
  ['.m4s', 'video/iso.segment'],
  ['.m3u8', playlistType],
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
export const savedName = { 'Content-Disposition': Type.String({ description: 'The name to save it under' }) }

/** What a route of files answers, with the headers that it has besides. */
export function fileAnswers(named: Record<string, TSchema> = {}) {
  return {
    200: bytesIn(served, 'The file', { ...tag, ...named }),
    206: bytesIn(served, 'The requested range', {
      ...tag,
      ...named,
      'Content-Range': Type.String({ description: 'Which part of how many bytes this is' })
    }),
    304: answer(Type.Null(), 'The copy is current', { ...tag, ...named })
  }
}

const originalName = 'original'

export const fileErrors = [
  VideoNotFound,
  FileNotFound,
  PreconditionFailed,
  RangeNotSatisfiable,
  StorageUnavailable
] as const

/** Serves a video's file with ranges and ETags. The name is looked up, never put into a key unchecked. */
export async function serveFile(
  needs: FileNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
  video: VideoRow,
  name: string
) {
  const file = await findFile(needs, video, name)
  const noted = name === originalName ? noting(file, () => needs.recordDownload(byRequest(request), video.id)) : file
  return sendFile(request, reply, noted)
}

/** Files that are replaced meanwhile have a row, but are gone: a second lookup finds the new ones. */
export async function findFile(needs: FileNeeds, video: VideoRow, name: string): Promise<Served> {
  for (let looks = 1; looks <= 2; looks++) {
    const file = name.startsWith('hls/')
      ? await findStreamed(needs, video, name.slice('hls/'.length))
      : await findMade(needs, video, name)
    if (file) return file
  }
  throw new FileNotFound(name)
}

async function findMade({ db, store }: FileNeeds, video: VideoRow, name: string) {
  const headers = { 'cache-control': 'private, no-cache' }
  if (name === originalName) return stored(store, originalOf(video.id), { ...headers, ...headersOfOriginal(video) })
  const prints = await listRenditions(db, [video.id])
  const print = prints.find(({ status, storage_key: key }) => status === 'ready' && path.basename(key ?? '') === name)
  const key = print?.storage_key ?? (await listExtras(db, [video.id])).find(extra => extra.name === name)?.storage_key
  return key ? stored(store, key, { ...headers, 'content-type': typeOf(key) }) : undefined
}

/** A file of the stream: of one that is complete, or of one that grows while its film is made. */
async function findStreamed({ db, store }: FileNeeds, { id }: VideoRow, name: string): Promise<Served | undefined> {
  if (name !== masterName && name !== tracksName && !isHlsFile(name)) return undefined
  const [stream] = await listStreams(db, [id])
  if (!stream) return undefined
  const folder = printsOf(id, stream.task_id, stream.attempt)
  if (!name.endsWith('.m3u8')) {
    // The name of an attempt is in that of the file, so another attempt cannot give it other bytes.
    const headers = { 'cache-control': 'private, max-age=31536000, immutable', 'content-type': typeOf(name) }
    return stored(store, `${hlsIn(folder)}/${name}`, headers)
  }
  const type = { 'content-type': playlistType }
  if (stream.complete)
    return stored(store, `${hlsIn(folder)}/${name}`, { 'cache-control': 'private, no-cache', ...type })
  // These are written at the end.
  if (name === tracksName || path.basename(name) === pictureName) return undefined
  const playlist = await growingPlaylist(store, folder, name).catch(orGone)
  return playlist && growing(playlist, { 'cache-control': 'no-store', ...type })
}

async function stored(store: Store, key: string, headers: Record<string, string>): Promise<Served | undefined> {
  const file = await store.stat(key)
  if (!file) return undefined
  const { bytes, changed } = file
  return {
    // Strong: a key names one content for ever.
    etag: `"${bytes.toString(16)}-${changed.getTime().toString(16)}"`,
    bytes,
    changed,
    headers,
    open: range =>
      store.open(key, range).catch(error => {
        throw error instanceof NotStored ? new FileNotFound(path.basename(key)) : error
      })
  }
}

function growing({ text, changed }: Growing, headers: Record<string, string>): Served {
  const content = Buffer.from(text)
  return {
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    bytes: content.length,
    changed,
    headers,
    open: async ({ start, end }) => Readable.from([content.subarray(start, end + 1)])
  }
}

function orGone(error: unknown): undefined {
  if (!(error instanceof NotStored)) throw error
}

function typeOf(name: string) {
  return ownTypes.get(path.extname(name)) ?? 'application/octet-stream'
}

/** Untrusted bytes: no type that a browser would run, and the file name only as a name to save the file under. */
function headersOfOriginal({ probe, filename }: VideoRow) {
  const container = (probe as Probe | null)?.container ?? ''
  return {
    'content-type': types.find(([pattern]) => pattern.test(container))?.[1] ?? 'application/octet-stream',
    'content-disposition': attachment(filename),
    'content-security-policy': "default-src 'none'; sandbox"
  }
}

/** Says to save a file under this name. */
export function attachment(filename: string) {
  const plain = filename.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  const whole = encodeURIComponent(filename).replaceAll(
    /['()*]/g,
    c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${whole}`
}
