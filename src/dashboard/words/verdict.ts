import type { Problem } from '../state/service/shapes.ts'

export type Mood = 'well' | 'warned' | 'bad' | 'unknown'

/** The state of the service in a word: for the icon. */
export function moodOf(problems: readonly Problem[] | undefined): Mood {
  if (!problems) return 'unknown'
  const news = problems.filter(({ silenced_until }) => silenced_until === null)
  if (news.some(({ severity }) => severity === 'critical')) return 'bad'
  return news.some(({ severity }) => severity === 'warning') ? 'warned' : 'well'
}

/** What a page says of its own accord: neither a notice nor what is silenced. */
export function isSerious({ severity, silenced_until }: Pick<Problem, 'severity' | 'silenced_until'>): boolean {
  return severity !== 'notice' && silenced_until === null
}

/** "(2!) Tasks · Darkroom": the number of problems comes first, since a tab shows little. */
export function titleOf(page: string, problems: readonly Problem[] | undefined): string {
  const serious = (problems ?? []).filter(isSerious).length
  return `${serious > 0 ? `(${serious}!) ` : ''}${page} · Darkroom`
}
