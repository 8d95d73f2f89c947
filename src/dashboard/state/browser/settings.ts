import { signal } from '@preact/signals'
import type { Zone } from '../../words/time.ts'

/** Settings of one browser, which it keeps itself. */
export interface Settings {
  theme: 'system' | 'light' | 'dark'
  zone: Zone
  rows: 'compact' | 'usual' | 'comfortable'
  keys: boolean
  hide: boolean
  live: boolean
}

const usual: Settings = { theme: 'system', zone: 'browser', rows: 'usual', keys: true, hide: false, live: true }
const place = 'darkroom.settings'

function read(): Settings {
  try {
    return { ...usual, ...JSON.parse(localStorage.getItem(place) ?? '{}') }
  } catch {
    return usual
  }
}

const settings = signal(read())

export function readSetting<Name extends keyof Settings>(name: Name): Settings[Name] {
  return settings.value[name]
}

export function changeSetting<Name extends keyof Settings>(name: Name, value: Settings[Name]) {
  settings.value = { ...settings.peek(), [name]: value }
  try {
    localStorage.setItem(place, JSON.stringify(settings.peek()))
  } catch {
    // A browser without storage forgets it with the tab.
  }
  showTheme()
}

/** All colours follow `color-scheme` (style/colours.css). */
export function showTheme() {
  const { theme, rows } = settings.peek()
  document.documentElement.dataset.theme = theme
  document.documentElement.dataset.rows = rows
}
