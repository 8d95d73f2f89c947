import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { FileForm, Uploaded, UploadedAsBefore, UploadForm } from '../schemas.ts'
import { playbackIn } from '../steer/change.ts'
import { styleIn } from '../style.ts'
import { formOptions, ofForm, upload, uploadProblems, type Wishes } from './film-form.ts'
import type { Accepted, UploadNeeds } from './upload.ts'

const message = 'File successfully uploaded. Background processing started.'

/** The routes that take a form; everywhere else a form is an unsupported media type. */
export const uploadRoutes: FastifyPluginAsyncTypebox<UploadNeeds> = async (app, needs) => {
  await app.register(multipart)
  app.post(
    '/api/videos',
    {
      ...formOptions(needs),
      config: { scope: 'submit' },
      schema: {
        operationId: 'uploadVideo',
        summary: 'Upload a film',
        description:
          'The answer comes once the last byte is stored, before any processing. `profile`, `loudness` and `playback` may come before or after the file; other fields are ignored.',
        ...ofForm,
        body: UploadForm,
        response: {
          201: answer(Uploaded, 'The film is stored and its task submitted', { Location, ...Replayed }),
          ...uploadProblems
        }
      }
    },
    async (request, reply) => {
      const answered = (video: Accepted) => ({
        status: 201,
        location: `/api/videos/${video.id}`,
        body: { ...video, message, status: 'uploaded' }
      })
      const body = await upload(needs, request, reply, answered, readWishes)
      return body as Static<typeof Uploaded>
    }
  )

  // Routes for front ends of the services that this one replaces.
  for (const [url, operationId] of [
    ['/upload', 'dialectUpload'],
    ['/api/upload', 'dialectApiUpload']
  ] as const) {
    const schema = {
      operationId,
      summary: 'Upload a film',
      description: 'The answer comes once the last byte is stored, before any processing. Other fields are ignored.',
      ...ofForm,
      body: FileForm,
      response: {
        201: answer(UploadedAsBefore, 'The film is stored and its task submitted', Replayed),
        ...uploadProblems
      }
    }
    app.post(url, { ...formOptions(needs), config: { scope: 'submit' }, schema }, async (request, reply) => {
      const body = await upload(needs, request, reply, ({ id, task_id }) => ({
        status: 201,
        body: { message, task_id, id }
      }))
      return body as Static<typeof UploadedAsBefore>
    })
  }
}

function readWishes(fields: Record<string, string>): Wishes {
  return { style: styleIn(fields), playback: playbackIn(fields.playback) }
}
