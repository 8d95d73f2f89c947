import type { Mood } from '../words/verdict.ts'

const colours: Record<Mood, string> = { well: '#12805c', warned: '#c27a00', bad: '#c8321f', unknown: '#6b7280' }
let shown: Mood | undefined

/** The tab tells how the service is, also while another one is open. */
export function showFavicon(mood: Mood) {
  if (mood === shown) return
  shown = mood
  const mark =
    mood === 'well' || mood === 'unknown'
      ? '<circle cx="8" cy="8" r="3" fill="#fff"/>'
      : '<path d="M8 3.5v5.5M8 11.6v.4" stroke="#fff" stroke-width="2" stroke-linecap="round"/>'
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${colours[mood]}"/>${mark}</svg>`
  document.querySelector<HTMLLinkElement>('link[rel=icon]')!.href = `data:image/svg+xml,${encodeURIComponent(svg)}`
}
