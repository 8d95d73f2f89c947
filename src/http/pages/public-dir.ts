import { realpath } from 'node:fs/promises'
import path from 'node:path'
import send from '@fastify/send'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { PreconditionFailed, RangeNotSatisfiable } from '#errors.ts'

/**
 * Serves files from `PUBLIC_DIR`, and answers whether there is one. Called only when no route matches, so that no file can
 * shadow a route. Hidden files, and links that lead out of the folder, are not served.
 */
export function publicFiles(folder: string) {
  return async ({ method, raw, url }: FastifyRequest, reply: FastifyReply): Promise<boolean> => {
    if (method !== 'GET' && method !== 'HEAD') return false
    const [file = '/'] = url.replace(/^https?:\/\/[^/]*/i, '').split('?')
    let isInside = true
    const onFile = async (found: string) => {
      isInside = await isBelow(folder, found)
    }
    const found = await send(raw, file, { root: folder, dotfiles: 'ignore', cacheControl: false, onFile })

    if (found.type === 'directory') isInside = await isBelow(folder, found.metadata.path)
    const isThere = found.type !== 'error' || found.statusCode === 412 || found.statusCode === 416
    if (found.type !== 'file' || !isInside) found.stream.destroy()
    if (!isThere || !isInside) return false

    // Relative, so that it works below any path prefix and cannot redirect to another host.
    if (found.type === 'directory') {
      reply
        .code(301)
        .header('location', `./${path.basename(file)}/`)
        .send('')
      return true
    }
    if (found.statusCode === 412) throw new PreconditionFailed()
    if (found.statusCode === 416) {
      reply.header('content-range', found.headers['Content-Range'])
      throw new RangeNotSatisfiable()
    }
    // Pages change with a deploy, so browsers revalidate them each time.
    reply.code(found.statusCode).headers(found.headers).header('cache-control', 'no-cache').send(found.stream)
    return true
  }
}

async function isBelow(folder: string, file: string) {
  const [root, real] = await Promise.all([realpath(folder), realpath(file)])
  return real.startsWith(root + path.sep)
}
