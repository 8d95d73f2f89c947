import type { FastifyReply, FastifyRequest } from 'fastify'
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
import { IdempotencyKey } from '#idempotency/schemas.ts'
import { formProblems } from '#schema/problems.ts'
import type { Style } from '../style.ts'
import { receiveForm, refuseEarly } from './form.ts'
import { type Accepted, type Arrived, acceptUpload, type UploadNeeds } from './upload.ts'

/** What the other fields of a form say of the film. */
export interface Wishes {
  style?: Partial<Style>
  playback?: Playback | undefined
}

/** The form's schema is for the documentation: a stream cannot be validated as a whole. */
export const ofForm = { consumes: ['multipart/form-data'], headers: IdempotencyKey }

export const uploadProblems = formProblems(
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

/** Options of a route that takes a form. */
export function formOptions(needs: UploadNeeds) {
  const { maxUploadBytes, processVideo } = needs
  return {
    async onRequest(request: FastifyRequest) {
      const { principal } = request
      refuseBeyond(principal.limits, { task: processVideo.name, queue: processVideo.queue })
      await refuseEarly(within(needs, principal), request)
    },
    // An upload is never in memory as a whole; its size is checked where it is written.
    bodyLimit: Math.max(maxUploadBytes * 2, 1024 * 1024),
    validatorCompiler: () => () => true
  }
}

/** Reads the form and makes a film of it. */
export async function upload(
  needs: UploadNeeds,
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
