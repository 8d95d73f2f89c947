import path from 'node:path'
import send from '@fastify/send'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '#database/connect.ts'
import { FileNotFound, VideoNotFound } from '#errors.ts'
import type { Probe } from '#media/ffprobe.ts'
import { isUuid } from '#schema/common.ts'
import type { Storage } from '#storage/disk.ts'
import { originalOf } from './keys.ts'
import { findVideo, listRenditions, type VideoRow } from './queries.ts'

interface Needs {
  db: Database
  storage: Storage
}

/** What browsers know of the containers that we take; anything else is only ever downloaded. */
const types: [container: RegExp, type: string][] = [
  [/\bmp4\b/, 'video/mp4'],
  [/\bwebm\b|matroska/, 'video/webm'],
  [/^ogg$/, 'video/ogg'],
  [/^mp3$/, 'audio/mpeg'],
  [/^gif$/, 'image/gif']
]

/** Serves a video's file with ranges and ETags. The name is looked up, never put into a path. */
export async function serveFile(
  { db, storage }: Needs,
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  name: string
) {
  const video = isUuid(id) ? await findVideo(db, id) : undefined
  if (!video) throw new VideoNotFound(id)

  const key = name === 'original' ? originalOf(id) : await keyOf(db, id, name)
  if (!key) throw new FileNotFound(name)

  const { statusCode, headers, stream, type } = await send(request.raw, encodeURI(path.basename(key)), {
    root: path.dirname(storage.locate(key)),
    contentType: false,
    cacheControl: false,
    index: false,
    dotfiles: 'allow'
  })
  if (type === 'error' && statusCode === 404) throw new FileNotFound(name)
  return reply
    .code(statusCode)
    .headers(headers)
    .headers(name === 'original' ? headersOfOriginal(video) : { 'content-type': typeOf(key) })
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'private, no-cache')
    .send(stream)
}

async function keyOf(db: Database, id: string, name: string) {
  const prints = await listRenditions(db, [id])
  return prints.find(({ status, storage_key }) => status === 'ready' && path.basename(storage_key ?? '') === name)
    ?.storage_key
}

function typeOf(key: string) {
  return key.endsWith('.m4a') ? 'audio/mp4' : 'video/mp4'
}

/** Somebody else's bytes: no type that a browser would run, and its own name only as what it is saved as. */
function headersOfOriginal({ probe, filename }: VideoRow) {
  const container = (probe as Probe | null)?.container ?? ''
  return {
    'content-type': types.find(([pattern]) => pattern.test(container))?.[1] ?? 'application/octet-stream',
    'content-disposition': `attachment; filename="${filename.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(filename).replaceAll(/['()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`,
    'content-security-policy': "default-src 'none'; sandbox"
  }
}
