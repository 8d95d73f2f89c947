/** What a principal may do; each route names one. `admin` has all of them, and each other scope stands alone. */
export const scopes = ['read', 'submit', 'operate', 'play', 'original', 'metrics', 'admin'] as const

export type Scope = (typeof scopes)[number]

export const presetNames = ['viewer', 'submitter', 'operator', 'player', 'scraper', 'admin'] as const

export type Preset = (typeof presetNames)[number]

/** Usual keys: their scopes, and whether they see only what they have created. */
export const presets: Record<Preset, { scopes: readonly Scope[]; own?: true }> = {
  viewer: { scopes: ['read'] },
  submitter: { scopes: ['submit'], own: true },
  operator: { scopes: ['read', 'submit', 'operate', 'play'] },
  player: { scopes: ['play'] },
  scraper: { scopes: ['metrics'] },
  admin: { scopes: ['admin'] }
}

export function mayUse(held: readonly Scope[], scope: Scope) {
  return held.includes(scope) || held.includes('admin')
}
