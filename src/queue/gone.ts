/** The queue that a job was to be put into although somebody has removed it: pg-boss's own constraint says so. */
export function goneQueue(error: unknown): string | undefined {
  const { code, constraint, detail = '' } = (error ?? {}) as { code?: string; constraint?: string; detail?: string }
  if (code !== '23503' || constraint !== 'q_fkey') return undefined
  return /\(name\)=\((.*)\) is/.exec(detail)?.[1] ?? ''
}
