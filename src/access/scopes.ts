/** What a principal may do; each route names one. `admin` has all of them, and each other scope stands alone. */
export const scopes = ['read', 'submit', 'operate', 'play', 'original', 'metrics', 'admin'] as const

export type Scope = (typeof scopes)[number]
