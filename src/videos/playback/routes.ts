import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { mayUse } from '#access/scopes.ts'
import { byRequest } from '#audit/by.ts'
import { ScopeMissing, VideoNotFound } from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { writeProblems } from '#schema/problems.ts'
import type { Secrets } from '#secrets/master.ts'
import type { FileNeeds } from '../files/files.ts'
import { listFiles, mustFindVideo, mustSeeVideo } from '../queries.ts'
import { linksTo } from './links.ts'
import { playRoute } from './play-route.ts'
import { revokePlayback } from './queries.ts'
import { Links, NewLinks, Revoked } from './schemas.ts'
import { ownKid, signingKeys } from './signing-key.ts'
import { signingKeyRoutes } from './signing-key-routes.ts'

export interface PlaybackNeeds extends FileNeeds {
  secrets: Secrets
  /** Where links to films point to: scheme, host and path prefix. Unset: they are paths. */
  mediaUrl: string | undefined
}

/** The routes that make and revoke links to films. */
export const playbackRoutes: FastifyPluginAsyncTypebox<PlaybackNeeds> = async (app, needs) => {
  const { db, secrets, mediaUrl: base = '' } = needs
  const keyOf = signingKeys(secrets)
  await app.register(playRoute, { ...needs, keyOf })
  await app.register(signingKeyRoutes, { db, secrets })

  app.post(
    '/api/videos/:id/playback',
    {
      config: { scope: 'play' },
      // The body may be left out.
      preValidation: async request => {
        request.body ??= {}
      },
      schema: {
        operationId: 'makeLinks',
        summary: 'Make links to a film for players that have no key',
        description:
          'The link is the permission, so give it to viewers only. All who ask within a quarter of an hour get the same one, so that caches can serve them.',
        params: Id,
        body: NewLinks,
        response: {
          200: answer(Links, 'Links to what there is of the film now'),
          ...writeProblems(VideoNotFound, ScopeMissing)
        }
      }
    },
    async ({ params: { id }, body, principal }) => {
      if (body.grant === 'original' && !mayUse(principal.scopes, 'original')) throw new ScopeMissing('original')
      const video = await mustFindVideo(db, principal, id)
      const files = await listFiles(db, [id])
      return linksTo({ video, files, asked: body, key: keyOf(ownKid), base, now: Date.now() })
    }
  )

  app.post(
    '/api/videos/:id/playback/revoke',
    {
      config: { scope: 'play' },
      schema: {
        operationId: 'revokeLinks',
        summary: 'Revoke all links to a film',
        description:
          'At once, also for players that have begun with it; a cache in front may serve what it has for up to an hour. Links that are made afterwards are valid.',
        params: Id,
        response: { 200: answer(Revoked, 'No older link is valid'), ...writeProblems(VideoNotFound) }
      }
    },
    async request => {
      const { id } = request.params
      await mustSeeVideo(db, request.principal, id)
      return { playback_epoch: await revokePlayback(db, id, byRequest(request)) }
    }
  )
}
