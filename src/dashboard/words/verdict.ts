import type { Problem } from '../state/shapes.ts'

export type Mood = 'well' | 'warned' | 'bad' | 'unknown'

/** The state of the service in a word: for the icon. */
export function moodOf(problems: readonly Problem[] | undefined): Mood {
  if (!problems) return 'unknown'
  if (problems.some(({ severity }) => severity === 'critical')) return 'bad'
  return problems.some(({ severity }) => severity === 'warning') ? 'warned' : 'well'
}

/** "(2!) Tasks · Darkroom": the number of problems comes first, since a tab shows little. */
export function titleOf(page: string, problems: readonly Problem[] | undefined): string {
  const serious = (problems ?? []).filter(({ severity }) => severity !== 'notice').length
  return `${serious > 0 ? `(${serious}!) ` : ''}${page} · Darkroom`
}
