import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import {
  RequestTimeout,
  Unauthorized,
  UploadBroken,
  UploadMissing,
  UploadNotMultipart,
  UploadSeveral,
  UploadTooLarge
} from '#errors.ts'
import { type Arrived, receiveFile, type UploadNeeds } from './upload.ts'

const field = 'video'

// What surrounds the file in a form: boundaries, part headers, a few small fields.
const formOverhead = 1024 * 1024

const limits = { files: 2, fields: 50, fieldSize: 64 * 1024, parts: 60 }

/** Refuses, before it reads a byte of the body, a request that cannot become an upload. */
export async function refuseEarly({ maxUploadBytes }: UploadNeeds, request: FastifyRequest) {
  if (!/^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '')) throw new UploadNotMultipart()
  if (Number(request.headers['content-length']) > maxUploadBytes + formOverhead)
    throw new UploadTooLarge(maxUploadBytes)
}

interface Form {
  arrived: Arrived
  filename: string
  /** The other fields that are texts. */
  fields: Record<string, string>
}

/** Reads a form with one file in the field `video`, before or after its other fields. */
export async function receiveForm(needs: UploadNeeds, request: FastifyRequest): Promise<Form> {
  let found: { arrived: Arrived; filename: string } | undefined
  const fields: Record<string, string> = {}
  let files = 0
  try {
    const parts = request.parts({ limits: { ...limits, fileSize: needs.maxUploadBytes } })
    for await (const part of parts) {
      if (part.type !== 'file') {
        if (typeof part.value === 'string') fields[part.fieldname] = part.value
        continue
      }
      if (++files > 1) throw new UploadSeveral()
      // The parser would read a file that is too large to its end; there is no need to wait for that.
      const refuse = () => part.file.destroy(new UploadTooLarge(needs.maxUploadBytes))
      part.file.once('limit', refuse)
      // The parser is ahead of this loop: the limit may have been reached already.
      if (part.file.truncated) refuse()
      if (part.fieldname === field) found = await receivePart(needs, part)
      else part.file.resume()
    }
  } catch (error) {
    await found?.arrived.drop()
    throw translate(needs, error as Error & { code?: string })
  }
  if (!found) throw Object.assign(new UploadMissing(), { errors: [{ field, message: 'is missing' }] })
  return { ...found, fields }
}

/** The name is absent where the part is a file by its type only. */
async function receivePart(
  needs: UploadNeeds,
  { file, filename = '' }: Partial<MultipartFile> & Pick<MultipartFile, 'file'>
) {
  return { arrived: await receiveFile(needs, file), filename: readable(filename) }
}

/** How browsers, curl and most libraries escape these three characters in a form. */
function readable(filename: string) {
  return filename.replaceAll(/%(?:22|0D|0A)/gi, decodeURIComponent)
}

function translate({ maxUploadBytes }: UploadNeeds, error: Error & { code?: string }) {
  if (error.code?.startsWith('UPLOAD_') || error.code?.startsWith('STORAGE_')) return error
  if (error instanceof RequestTimeout || error instanceof Unauthorized) return error
  if (error.code === 'FST_FILES_LIMIT') return new UploadSeveral()
  if (error.code === 'FST_REQ_FILE_TOO_LARGE') return new UploadTooLarge(maxUploadBytes)
  // No disk error: the client has hung up, or the stop of the API has closed its connection.
  if (error.code === 'FST_MP_PREMATURE_CLOSE' || error.code === 'ECONNRESET') return new UploadBroken('it broke off')
  if (error.code?.startsWith('FST_')) return new UploadBroken(error.message)
  // Errors of busboy have no code; those of the store have one.
  return error.code === undefined || error.code.startsWith('ERR_STREAM') ? new UploadBroken(error.message) : error
}
