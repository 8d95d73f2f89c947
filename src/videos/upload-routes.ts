import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { refuseBeyond } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import type { Playback } from '#database/tables.ts'
import {
  IdempotencyKeyReused,
  StorageFull,
  StorageUnavailable,
  UploadBroken,
  UploadEmpty,
  UploadMissing,
  UploadNotMultipart,
  UploadSeveral,
  UploadTooLarge
} from '#errors.ts'
import { type Answer, keyOf } from '#idempotency/once.ts'
import { say } from '#idempotency/reply.ts'
import { IdempotencyKey, Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { formProblems } from '#schema/problems.ts'
import { playbackIn } from './change.ts'
import { receiveForm, refuseEarly } from './form.ts'
import { FileForm, Uploaded, UploadedAsBefore, UploadForm } from './schemas.ts'
import { type Style, styleIn } from './style.ts'
import { type Accepted, type Arrived, acceptUpload, type UploadNeeds } from './upload.ts'

/** What the other fields of a form say of the film. */
interface Wishes {
  style?: Partial<Style>
  playback?: Playback | undefined
}

const message = 'File successfully uploaded. Background processing started.'

/** The routes that take a form; everywhere else a form is an unsupported media type. */
export const uploadRoutes: FastifyPluginAsyncTypebox<UploadNeeds> = async (app, needs) => {
  await app.register(multipart)
  const { maxUploadBytes, processVideo } = needs
  const onRequest = async (request: FastifyRequest) => {
    const { principal } = request
    refuseBeyond(principal.limits, { task: processVideo.name, queue: processVideo.queue })
    await refuseEarly(within(needs, principal), request)
  }
  // An upload is never in memory as a whole; its size is checked where it is written.
  const bodyLimit = Math.max(maxUploadBytes * 2, 1024 * 1024)
  // The form's schema is for the documentation: a stream cannot be validated as a whole.
  const form = { consumes: ['multipart/form-data'], headers: IdempotencyKey, body: FileForm }
  const validatorCompiler = () => () => true
  const uploadProblems = formProblems(
    UploadMissing,
    UploadSeveral,
    UploadEmpty,
    UploadBroken,
    UploadTooLarge,
    UploadNotMultipart,
    StorageFull,
    StorageUnavailable,
    IdempotencyKeyReused
  )

  app.post(
    '/api/videos',
    {
      onRequest,
      bodyLimit,
      validatorCompiler,
      config: { scope: 'submit' },
      schema: {
        operationId: 'uploadVideo',
        summary: 'Upload a film',
        description:
          'The answer comes once the last byte is stored, before any processing. `profile`, `loudness` and `playback` may come before or after the file; other fields are ignored.',
        ...form,
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
      const body = await upload(request, reply, answered, readWishes)
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
      ...form,
      response: {
        201: answer(UploadedAsBefore, 'The film is stored and its task submitted', Replayed),
        ...uploadProblems
      }
    }
    app.post(
      url,
      { config: { scope: 'submit' }, onRequest, bodyLimit, validatorCompiler, schema },
      async (request, reply) => {
        const body = await upload(request, reply, ({ id, task_id }) => ({
          status: 201,
          body: { message, task_id, id }
        }))
        return body as Static<typeof UploadedAsBefore>
      }
    )
  }

  async function upload(
    request: FastifyRequest,
    reply: FastifyReply,
    answered: (video: Accepted) => Answer,
    wishesIn: (fields: Record<string, string>) => Wishes = () => ({})
  ) {
    const route = `POST ${request.routeOptions.url}`
    const keyFor = (sent: unknown) => keyOf(request, route, sent)
    // A malformed key is refused before a byte of the film is read.
    keyFor({})
    const { arrived, filename, fields } = await receiveForm(within(needs, request.principal), request)
    const wishes = await wishesWith(arrived, () => wishesIn(fields))
    const { answer, replayed } = await acceptUpload(needs, arrived, {
      request_id: request.id,
      principal: request.principal,
      filename,
      ...wishes,
      keyOf: keyFor,
      say: answered
    })
    return say(reply, answer, replayed)
  }
}

function readWishes(fields: Record<string, string>): Wishes {
  return { style: styleIn(fields), playback: playbackIn(fields.playback) }
}

/** A form is read in its order, so the film may be there when another field turns out to be wrong. */
async function wishesWith(arrived: Arrived, read: () => Wishes) {
  try {
    return read()
  } catch (error) {
    await arrived.undo()
    throw error
  }
}

/** A key may have a smaller limit of its own. */
function within(needs: UploadNeeds, { limits }: Principal): UploadNeeds {
  const most = limits?.max_upload_bytes
  return most === undefined ? needs : { ...needs, maxUploadBytes: Math.min(most, needs.maxUploadBytes) }
}
