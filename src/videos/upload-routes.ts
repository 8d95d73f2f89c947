import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  StorageFull,
  UploadBroken,
  UploadEmpty,
  UploadMissing,
  UploadNotMultipart,
  UploadSeveral,
  UploadTooLarge
} from '#errors.ts'
import { answer } from '#schema/answers.ts'
import { formProblems } from '#schema/problems.ts'
import { receiveForm, refuseEarly } from './form.ts'
import { Uploaded, UploadedAsBefore, UploadForm } from './schemas.ts'
import { acceptUpload, type Needs } from './upload.ts'

const message = 'File successfully uploaded. Background processing started.'

/** The doors through which films come in. Forms are for them alone; everywhere else they are a body that is not taken. */
export const uploadRoutes: FastifyPluginAsyncTypebox<Needs> = async (app, needs) => {
  await app.register(multipart)
  const { maxUploadBytes } = needs
  const onRequest = (request: FastifyRequest) => refuseEarly(needs, request)
  // Nothing of an upload is ever held in memory; its size is watched where it is written.
  const bodyLimit = Math.max(maxUploadBytes * 2, 1024 * 1024)
  // The form is described for the documentation; it is read as it comes, and never there as a whole to be checked.
  const form = { consumes: ['multipart/form-data'], body: UploadForm }
  const validatorCompiler = () => () => true
  const uploadProblems = formProblems(
    UploadMissing,
    UploadSeveral,
    UploadEmpty,
    UploadBroken,
    UploadTooLarge,
    UploadNotMultipart,
    StorageFull
  )

  app.post(
    '/api/videos',
    {
      onRequest,
      bodyLimit,
      validatorCompiler,
      schema: {
        summary: 'Upload a film',
        description: 'Answered when its last byte is on the disk, before any processing. Other fields are ignored.',
        ...form,
        response: {
          201: answer(Uploaded, 'It is there', { Location: Type.String({ description: 'where it is' }) }),
          ...uploadProblems
        }
      }
    },
    async (request, reply) => {
      const video = await upload(request)
      reply.code(201).header('location', `/api/videos/${video.id}`)
      return { ...video, message, status: 'uploaded' as const }
    }
  )

  // What front ends of the service that this one replaces send.
  const uploadAsBefore = {
    summary: 'Upload a film',
    ...form,
    response: { 201: answer(UploadedAsBefore, 'It is there'), ...uploadProblems }
  }
  app.post('/upload', { onRequest, bodyLimit, validatorCompiler, schema: uploadAsBefore }, async (request, reply) => {
    const { id, task_id } = await upload(request)
    reply.code(201)
    return { message, task_id, id }
  })

  async function upload(request: FastifyRequest) {
    const { received, filename } = await receiveForm(needs, request)
    return acceptUpload(needs, received, filename)
  }
}
