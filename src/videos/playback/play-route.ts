import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { byRequest } from '#audit/by.ts'
import {
  DatabaseUnavailable,
  PlaybackDenied,
  PlaybackExpired,
  Stopping,
  TooSlow,
  UnsupportedMediaType,
  VideoNotFound
} from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { isUuid } from '#schema/common.ts'
import { problems } from '#schema/problems.ts'
import { noting } from '../files/downloads.ts'
import { attachment, type FileNeeds, fileAnswers, fileErrors, findFile, savedName } from '../files/files.ts'
import { type Served, sendFile } from '../files/send-file.ts'
import { findVideo } from '../queries.ts'
import { FileHeaders } from '../schemas.ts'
import { goesOn, isTooFar, secondsLeft } from './expiry.ts'
import { findPlayback } from './queries.ts'
import { type Grant, isSigned, tokenIn } from './token.ts'

interface PlayNeeds extends FileNeeds {
  /** The key of a kid. */
  keyOf(kid: string): string
}

// Seconds that a cache may keep what a playlist names, and a playlist.
const longestCached = 3_600
const playlistCached = 60

// Any page may play what it has a link to; there are no credentials. Of problems, too: a player tells them apart.
const forPages = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Accept-Ranges, Content-Range, ETag',
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': 'Range, If-Range, If-None-Match, If-Modified-Since',
  'access-control-max-age': '86400'
}

const params = Type.Object({
  token: Type.String({ description: '`<kid>.<exp>.<grant>.<mac>`' }),
  id: Type.String({ description: 'Id (uuid) of the film' }),
  '*': Type.String({
    description: 'As below `/api/videos/{id}/files`',
    examples: ['720p.mp4', 'hls/master.m3u8', 'poster.jpg']
  })
})

type Params = Static<typeof params>

/** The route of signed links: films for players that have no key. */
export const playRoute: FastifyPluginAsyncTypebox<PlayNeeds> = async (app, needs) => {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(forPages)
    done()
  })
  // After the hook of the doors, which allows the same origin only.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('cross-origin-resource-policy', 'cross-origin')
    done()
  })

  app.options(
    '/play/:token/:id/*',
    {
      config: { scope: 'public', host: 'media' },
      schema: {
        operationId: 'preflightPlay',
        summary: 'Says to browsers that any page may play films by link',
        params,
        response: {
          204: answer(Type.Null(), 'The headers say what a page may send'),
          ...problems(UnsupportedMediaType)
        }
      }
    },
    async (_, reply) => void reply.code(204)
  )

  app.get(
    '/play/:token/:id/*',
    {
      config: { scope: 'public', host: 'media' },
      schema: {
        operationId: 'playVideo',
        summary: 'A file of a film, by a signed link',
        description:
          'Links come from `POST /api/videos/{id}/playback`, or from an app that has a signing key. What a playlist names lies below the same token. After its expiry a link begins no film, but one that has begun may be seen to its end.',
        params,
        headers: FileHeaders,
        response: {
          ...fileAnswers({ 'Content-Disposition': Type.Optional(savedName['Content-Disposition']) }),
          // Not CROSS_SITE: any page may play what it has a link to.
          ...problems(DatabaseUnavailable, Stopping, TooSlow, PlaybackDenied, PlaybackExpired, ...fileErrors)
        }
      }
    },
    async (request, reply) => {
      const { id, '*': name } = request.params
      const { token, left, partOnly } = await check(needs, request.params, request.headers.range)
      const video = isUuid(id) ? await findVideo(needs.db, id) : undefined
      if (!video) throw new VideoNotFound(id)
      const file = await findFile(needs, video, name)
      const headers = { ...file.headers, ...cached(file, name, left), ...savedAs(token.grant, video.filename, name) }
      const noted = token.grant === 'o' ? noting(file, () => needs.recordDownload(byRequest(request), id)) : file
      return sendFile(request, reply, { ...noted, headers }, { partOnly })
    }
  )
}

/** Everything that can refuse a link, before a file is looked up. */
async function check({ db, keyOf }: PlayNeeds, { token: text, id, '*': name }: Params, range: string | undefined) {
  const now = Date.now()
  const token = tokenIn(text)
  if (!token || isTooFar(token.exp, now)) throw new PlaybackDenied()
  const { known, epoch, duration } = await findPlayback(db, id, token.kid)
  if (!known || !isSigned(keyOf(token.kid), token, { video: id, epoch: epoch ?? 0 })) throw new PlaybackDenied()
  if (!isGranted(token.grant, name)) throw new PlaybackDenied()

  const on = goesOn(name, range)
  const left = secondsLeft(token.exp, now, { on, duration })
  if (left <= 0) throw new PlaybackExpired()
  // Where only its range lets the request go on, If-Range must not make it the whole file.
  const isByRange = on && !goesOn(name, undefined)
  return { token, left, partOnly: isByRange && secondsLeft(token.exp, now, { on: false, duration }) <= 0 }
}

function isGranted(grant: Grant, name: string) {
  if (grant === 'o' || name === 'original') return grant === 'o' && name === 'original'
  return grant === 's' || /^[\w-]+\.(mp4|m4a)$/.test(name)
}

/** A playlist that grows stays out of caches. */
function cached({ headers }: Served, name: string, left: number): Record<string, string> {
  if (headers['cache-control'] === 'no-store') return {}
  const most = name.endsWith('.m3u8') ? playlistCached : longestCached
  return { 'cache-control': `public, max-age=${Math.floor(Math.min(most, left))}` }
}

/** `holiday-720p.mp4` of `holiday.mov`. */
function savedAs(grant: Grant, filename: string, name: string): Record<string, string> {
  if (grant !== 'd') return {}
  return { 'content-disposition': attachment(`${filename.replace(/\.[^.]*$/, '') || 'film'}-${name}`) }
}
