export type Tone = 'production' | 'trial' | 'named' | 'host'

/** By which colour an installation is told from others: mistakes are dearest in production. */
export function toneOf(environment: string | null): Tone {
  if (environment === null) return 'host'
  if (isProduction(environment)) return 'production'
  return /stag|test|trial|demo|pre|qa/i.test(environment) ? 'trial' : 'named'
}

export function isProduction(environment: string | null): boolean {
  return environment !== null && /^prod(uction)?$/i.test(environment)
}
