import { go } from '../state/browser/route.ts'
import { readSetting } from '../state/browser/settings.ts'
import { helpOpen } from '../ui/overlays/help.tsx'
import { paletteOpen } from '../ui/overlays/palette.tsx'
import { nextTheme, toggleLive } from './bar.tsx'
import { places } from './pages.ts'

// Milliseconds in which the second key of `g t` has to come.
const patience = 1500
let afterG = 0

/** Keys that work on every page. Those of a page are its own (ui/keys.ts). */
export function listenForKeys() {
  addEventListener('keydown', event => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      paletteOpen(true)
      return
    }
    if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return
    if (!readSetting('keys') || isTyping(event.target) || document.querySelector('dialog[open]')) return
    if (global(event.key)) event.preventDefault()
  })
}

function global(key: string) {
  if (Date.now() - afterG < patience) {
    afterG = 0
    const place = places.find(place => place.key === key)
    if (place) go(place.path)
    return place !== undefined
  }
  if (key === 'g') afterG = Date.now()
  else if (key === '?') helpOpen(true)
  else if (key === '/') focusFilter()
  else if (key === 't') nextTheme()
  else if (key === 'p') toggleLive()
  else if (key === 'u') go('/videos')
  else return false
  return true
}

function focusFilter() {
  const bar = document.querySelector<HTMLInputElement>('[data-filter]')
  if (bar) bar.focus()
  else paletteOpen(true)
}

export function isTyping(target: EventTarget | null) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
