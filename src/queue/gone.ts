import { UnknownQueue } from '#errors.ts'

/** The error for a job whose queue was removed meanwhile, which pg-boss reports as a constraint violation. */
export function goneQueue(error: unknown) {
  const { code, constraint, detail = '' } = (error ?? {}) as { code?: string; constraint?: string; detail?: string }
  if (code !== '23503' || constraint !== 'q_fkey') return undefined
  const [, queue = ''] = /\(name\)=\((.*)\) is/.exec(detail) ?? []
  return Object.assign(new UnknownQueue(queue), { errors: [{ field: 'queue', message: 'has been removed' }] })
}
