import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { VideoNotFound } from '#errors.ts'
import { Id, isUuid, List, Page, Problem } from '#schema/common.ts'
import type { Watching } from '#tasks/watch.ts'
import { removeVideo } from './delete.ts'
import { serveFile } from './files.ts'
import { receiveForm, refuseEarly } from './form.ts'
import { present, presentStatus } from './present.ts'
import { processAgain } from './process-again.ts'
import { findVideo, listRenditions, listVideos } from './queries.ts'
import { ProcessVideo, Uploaded, VideoBody, VideoStatusBody } from './schemas.ts'
import { acceptUpload, type Needs as UploadNeeds } from './upload.ts'

export interface VideoNeeds extends UploadNeeds {
  watching: Watching
}

const TaskStarted = Type.Object({ task_id: Type.String() })
const message = 'File successfully uploaded. Background processing started.'

export const videoRoutes: FastifyPluginAsyncTypebox<VideoNeeds> = async (app, needs) => {
  const { db, maxUploadBytes } = needs
  const onRequest = (request: FastifyRequest) => refuseEarly(needs, request)
  // Nothing of an upload is ever held in memory; its size is watched where it is written.
  const bodyLimit = Math.max(maxUploadBytes * 2, 1024 * 1024)

  app.post(
    '/api/videos',
    { onRequest, bodyLimit, schema: { response: { 201: Uploaded, '4xx': Problem } } },
    async (request, reply) => {
      const video = await upload(request)
      reply.code(201).header('location', `/api/videos/${video.id}`)
      return { ...video, message, status: 'uploaded' as const }
    }
  )

  app.get(
    '/api/videos',
    { schema: { querystring: Page, response: { 200: List(VideoBody), '4xx': Problem } } },
    async ({ query }) => {
      const { items, next_cursor } = await listVideos(db, query)
      const renditions = await listRenditions(
        db,
        items.map(({ id }) => id)
      )
      return { items: items.map(video => present(video, renditions)), next_cursor }
    }
  )

  app.get(
    '/api/videos/:id',
    { schema: { params: Id, response: { 200: VideoBody, '4xx': Problem } } },
    async ({ params: { id } }) => present(await mustFind(id), await listRenditions(db, [id]))
  )

  app.get(
    '/api/videos/:id/status',
    { schema: { params: Id, response: { 200: VideoStatusBody, '4xx': Problem } } },
    async ({ params: { id } }) => presentStatus(await mustFind(id))
  )

  app.get(
    '/api/videos/:id/files/*',
    { schema: { params: Type.Object({ id: Type.String(), '*': Type.String() }) } },
    async (request, reply) => serveFile(needs, request, reply, request.params.id, request.params['*'])
  )

  app.post(
    '/api/videos/:id/process',
    { schema: { params: Id, response: { 202: TaskStarted, '4xx': Problem } } },
    async ({ params: { id } }, reply) => {
      reply.code(202)
      return { task_id: await processAgain(needs, id) }
    }
  )

  app.delete(
    '/api/videos/:id',
    { schema: { params: Id, response: { 204: Type.Null(), '4xx': Problem } } },
    async ({ params: { id } }, reply) => {
      await removeVideo(needs, id)
      reply.code(204)
    }
  )

  // What front ends of the service that this one replaces send and ask.
  app.post('/upload', { onRequest, bodyLimit }, async (request, reply) => {
    const { id, task_id } = await upload(request)
    reply.code(201)
    return { message, task_id, id }
  })

  app.get('/status/:id', { schema: { params: Id } }, async ({ params: { id } }) => {
    const { processed } = presentStatus(await mustFind(id))
    return { processed }
  })

  app.post('/process-video', { schema: { body: ProcessVideo } }, async ({ body: { video_id } }) => ({
    task_id: await processAgain(needs, video_id),
    status: 'Task started'
  }))

  async function upload(request: FastifyRequest) {
    const { received, filename } = await receiveForm(needs, request)
    return acceptUpload(needs, received, filename)
  }

  async function mustFind(id: string) {
    const video = isUuid(id) ? await findVideo(db, id) : undefined
    if (!video) throw new VideoNotFound(id)
    return video
  }
}
