import { UnknownQueue } from '#errors.ts'

/** The queue that a job was to be put into although somebody has removed it: pg-boss's own constraint says so. */
export function goneQueue(error: unknown) {
  const { code, constraint, detail = '' } = (error ?? {}) as { code?: string; constraint?: string; detail?: string }
  if (code !== '23503' || constraint !== 'q_fkey') return undefined
  const [, queue = ''] = /\(name\)=\((.*)\) is/.exec(detail) ?? []
  return Object.assign(new UnknownQueue(queue), { errors: [{ field: 'queue', message: 'is not there any more' }] })
}
