import { Type } from 'typebox'
import {
  IdempotencyKeyReused,
  MethodNotAllowed,
  StorageFull,
  StorageUnavailable,
  TusVersion,
  UnsupportedEncoding,
  UnsupportedMediaType,
  UploadChecksum,
  UploadEmpty,
  UploadExpired,
  UploadFinished,
  UploadLocked,
  UploadNoFilm,
  UploadNotFound,
  UploadNotOctets,
  UploadOffset,
  UploadOverlong,
  UploadTooLarge
} from '#errors.ts'
import { Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { Id } from '#schema/common.ts'
import { formProblems, problems, readProblems } from '#schema/problems.ts'
import {
  Abilities,
  AppendHeaders,
  CreateHeaders,
  OverrideHeaders,
  Resumable,
  Until,
  UploadBody,
  VersionHeaders,
  Where,
  Whole
} from './schemas.ts'

const ofBytes = [UploadNotOctets, UploadNoFilm, UnsupportedEncoding, StorageFull, StorageUnavailable]
const appending = [...ofBytes, UploadNotFound, UploadExpired, UploadOffset, UploadLocked, UploadOverlong]

const abilities = {
  summary: 'What a tus client may use',
  response: {
    204: answer(Type.Null(), 'Versions, extensions and limits', Abilities),
    ...problems(UnsupportedMediaType)
  }
}

/** The operations of tus as `/openapi.json` describes them. */
export const operations = {
  abilities: { ...abilities, operationId: 'getUploadAbilities' },
  abilitiesOfOne: { ...abilities, operationId: 'getAbilitiesOfUpload', params: Id },

  create: {
    operationId: 'createUpload',
    summary: 'Create a resumable upload',
    description: 'By tus 1.0. The body may be empty, or the first bytes as `application/offset+octet-stream`.',
    headers: CreateHeaders,
    response: {
      201: answer(UploadBody, 'The upload, to be continued', { Location, ...Where, ...Until, ...Replayed }),
      ...formProblems(
        ...[TusVersion, UploadChecksum, UploadEmpty, UploadTooLarge, UploadOverlong, UploadExpired],
        ...[...ofBytes, IdempotencyKeyReused]
      )
    }
  },

  read: {
    operationId: 'getUpload',
    summary: 'How far an upload is',
    description: 'HEAD answers the same headers, for clients of tus.',
    params: Id,
    response: { 200: answer(UploadBody, 'The upload', Whole), ...readProblems(UploadNotFound, UploadExpired) }
  },

  append: {
    operationId: 'continueUpload',
    summary: 'Continue an upload',
    description: 'The body is `application/offset+octet-stream`. With the last byte the upload becomes a film.',
    params: Id,
    headers: AppendHeaders,
    response: {
      204: answer(Type.Null(), 'The bytes are stored', { ...Where, ...Until }),
      ...formProblems(TusVersion, UploadChecksum, UploadEmpty, UploadTooLarge, ...appending)
    }
  },

  remove: {
    operationId: 'deleteUpload',
    summary: 'Give up an upload',
    params: Id,
    headers: VersionHeaders,
    response: {
      204: answer(Type.Null(), 'The upload is removed', Resumable),
      ...formProblems(TusVersion, UploadNotFound, UploadFinished, UnsupportedMediaType)
    }
  },

  override: {
    operationId: 'overrideUploadMethod',
    summary: 'The method of X-HTTP-Method-Override',
    description: 'PATCH, DELETE or HEAD, for clients and proxies that let only POST pass.',
    params: Id,
    headers: OverrideHeaders,
    response: {
      204: answer(Type.Null(), 'As of that method', Resumable),
      ...formProblems(
        ...[MethodNotAllowed, TusVersion, UploadChecksum, UploadEmpty, UploadTooLarge, UploadFinished],
        ...appending
      )
    }
  }
}
