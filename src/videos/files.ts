import path from 'node:path'
import send from '@fastify/send'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { FileNotFound, PreconditionFailed, RangeNotSatisfiable, VideoNotFound } from '#errors.ts'
import type { Probe } from '#media/probe/probed.ts'
import { answer, bytesIn } from '#schema/answers.ts'
import { isUuid } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
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

const served = [...new Set([...types.map(([, type]) => type), 'audio/mp4', 'application/octet-stream'])]
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
  206: bytesIn(served, 'The part that was asked for', {
    ...tag,
    ...name,
    'Content-Range': Type.String({ description: 'Which part of how many bytes this is' })
  }),
  304: answer(Type.Null(), 'The copy is current', tag),
  ...readProblems(VideoNotFound, FileNotFound, PreconditionFailed, RangeNotSatisfiable)
}

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

  const file = name === 'original' ? { key: originalOf(id), bytes: video.bytes } : await findPrint(db, id, name)
  if (!file) throw new FileNotFound(name)
  const { key, bytes } = file

  const { method, headers: asked } = request.raw
  const range = within(bytes, asked.range)
  const asking = { method, headers: { ...asked, ...(range && { range }) } } as typeof request.raw
  const { statusCode, headers, stream, type } = await send(asking, encodeURI(path.basename(key)), {
    root: path.dirname(storage.locate(key)),
    contentType: false,
    cacheControl: false,
    index: false,
    dotfiles: 'allow'
  })
  if (type !== 'file') {
    stream.destroy()
    if (statusCode === 412) throw new PreconditionFailed()
    if (statusCode !== 416) throw new FileNotFound(name)
    reply.header('content-range', `bytes */${bytes}`)
    throw new RangeNotSatisfiable()
  }
  return reply
    .code(statusCode)
    .headers(headers)
    .headers(name === 'original' ? headersOfOriginal(video) : { 'content-type': typeOf(key) })
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'private, no-cache')
    .send(stream)
}

async function findPrint(db: Database, id: string, name: string) {
  const prints = await listRenditions(db, [id])
  const print = prints.find(({ status, storage_key: key }) => status === 'ready' && path.basename(key ?? '') === name)
  return print && { key: print.storage_key!, bytes: print.bytes! }
}

/** The last so many bytes of a file that has fewer are all of it; `send` would say that there is no such part. */
function within(bytes: number, range: string | undefined) {
  const last = /^bytes=-(\d+)$/.exec(range ?? '')?.[1]
  return Number(last) > bytes ? 'bytes=0-' : range
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
