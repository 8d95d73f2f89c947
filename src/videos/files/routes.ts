import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { maySee } from '#access/principal.ts'
import { FileNotFound, VideoNotFound } from '#errors.ts'
import { Id, isUuid } from '#schema/common.ts'
import { readProblems } from '#schema/problems.ts'
import { type IsPublic, scopeOfFile } from '../playback/visibility.ts'
import { findVideo, mustFindVideo } from '../queries.ts'
import { FileHeaders } from '../schemas.ts'
import { type FileNeeds, fileAnswers, fileErrors, savedName, serveFile } from './files.ts'

const FileOf = Type.Object({
  id: Type.String({ description: 'Id (uuid)' }),
  '*': Type.String({
    description:
      '`poster.jpg`, `preview.webp`, `storyboard.vtt`, `subtitles/<language>.vtt`, the last part of the URL of a print, `hls/master.m3u8`, or what a playlist names below it',
    examples: ['480p.mp4', 'hls/master.m3u8', 'hls/480p/index.m3u8']
  })
})

/** The routes of a film's files, for programs that have a key, and for all where the film is public. */
export const fileRoutes: FastifyPluginAsyncTypebox<FileNeeds & { isPublic: IsPublic }> = async (app, needs) => {
  const { db, isPublic } = needs
  const scopeOf = scopeOfFile(db, isPublic)

  // Keys are for the host of the API.
  app.addHook('onRequest', async request => {
    const { id } = request.params as { id: string }
    if (request.isOnMediaHost && (await scopeOf(request)) !== 'public') throw new VideoNotFound(id)
  })

  // Of its own, as it has a scope of its own. The router decodes a path before it looks: no spelling leads past it.
  app.get(
    '/api/videos/:id/files/original',
    {
      config: { scope: 'original' },
      schema: {
        operationId: 'getOriginal',
        summary: 'The uploaded file of a film',
        params: Id,
        headers: FileHeaders,
        response: { ...fileAnswers(savedName), ...readProblems(...fileErrors) }
      }
    },
    async (request, reply) => {
      const video = await mustFindVideo(db, request.principal, request.params.id)
      return serveFile(needs, request, reply, video, 'original')
    }
  )

  app.get(
    '/api/videos/:id/files/*',
    {
      config: {
        scope: isPublic({ playback: null }) ? 'public' : 'read',
        own: true,
        host: 'both',
        scopeOf
      },
      schema: {
        operationId: 'getVideoFile',
        summary: 'A file that was made of a film',
        description:
          'A print, a picture or subtitles. `storyboard.vtt` names the sheets `storyboard-0.jpg` … beside it. Playlists of a film that is still being made grow, and are not to be stored; segments never change. No key is needed where the film is public, by its `playback` or else by the setting `PLAYBACK`.',
        params: FileOf,
        headers: FileHeaders,
        response: { ...fileAnswers(), ...readProblems(...fileErrors) }
      }
    },
    async (request, reply) => {
      const { principal, params } = request
      const { id, '*': name } = params
      if (name === 'original') throw new FileNotFound(name)
      const video = isUuid(id) ? await findVideo(db, id) : undefined
      if (!video || !(isPublic(video) || maySee(principal, video.owner))) throw new VideoNotFound(id)
      return serveFile(needs, request, reply, video, name)
    }
  )
}
