/** The command line cannot be understood. */
export class WrongUse extends Error {
  override name = 'WrongUse'
}

/** No service of ours answers. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** The exit codes: refused or failed, wrong use, not reachable. */
export const exitCodes = { failed: 1, wrongUse: 2, unreachable: 3 } as const

export function exitCodeOf(error: unknown): number {
  if (error instanceof WrongUse) return exitCodes.wrongUse
  return error instanceof Unreachable ? exitCodes.unreachable : exitCodes.failed
}
