import { href } from '../state/browser/route.ts'
import { changeSetting, readSetting } from '../state/browser/settings.ts'
import { useAbout } from '../state/service/about.ts'
import { connection } from '../state/service/connection.ts'
import { barred, closed } from '../state/service/door.ts'
import { refreshAll } from '../state/service/query.ts'
import type { Problem } from '../state/service/shapes.ts'
import { now, zoned } from '../state/service/time.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { paletteOpen } from '../ui/overlays/palette.tsx'
import { toneOf } from '../words/environment.ts'
import { moodOf } from '../words/verdict.ts'
import { Who } from './who.tsx'

export function Bar({ problems }: { problems: Problem[] | undefined }) {
  return (
    <header class="bar">
      <a class="brand" href={href('/')} aria-label="Darkroom, overview">
        <span class={`brand-mark mood-${moodOf(problems)}`} aria-hidden="true" />
        <span class="brand-name">Darkroom</span>
      </a>
      <button type="button" class="find" aria-label="Search or jump to" onClick={() => paletteOpen(true)}>
        <Icon name="search" />
        <span class="find-text">Search or jump to</span>
        <kbd>{/Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl'} K</kbd>
      </button>
      <Badge />
      <Live />
      <Who />
      <Theme />
    </header>
  )
}

/** Which installation this is, so that no act goes to the wrong one. */
function Badge() {
  const about = useAbout()
  if (!about) return null
  const { environment, host } = about
  const name = environment ?? host
  return (
    <a
      class={`badge tone-${toneOf(environment)}`}
      href={href('/settings')}
      title={environment ? `${environment} on ${host}` : `Host ${host}`}
    >
      <span class="only-heard">{environment ? 'Environment' : 'Host'} </span>
      <span class="cut-off">{name}</span>
    </a>
  )
}

const polling = 'No WebSocket reaches the server, so the page asks every few seconds.'

function Live() {
  const live = readSetting('live')
  if (closed.value || barred.value) return null
  if (connection.lost) {
    const of = connection.heardAt === undefined ? '' : `data of ${zoned.clock(connection.heardAt)}, `
    return (
      <output class="live lost">
        <span class="live-dot" aria-hidden="true" />
        <span class="live-text">{of}</span>reconnecting
      </output>
    )
  }
  return (
    <button
      type="button"
      class={`live${live ? '' : ' paused'}`}
      aria-pressed={!live}
      aria-label={live ? 'Live: stop updates' : 'Updates are stopped: go on'}
      title={live ? `${connection.polls ? polling : 'Live.'} Stop updates (p)` : 'Updates are stopped. Go on (p)'}
      onClick={toggleLive}
    >
      <span class="live-dot" aria-hidden="true" />
      <span class="live-text">{live ? (connection.polls ? 'Polling' : 'Live') : `Stopped ${age()}`}</span>
    </button>
  )
}

function age() {
  const at = connection.heardAt
  return at === undefined ? '' : `${Math.max(0, Math.round((now() - at) / 1000))} s ago`
}

export function toggleLive() {
  const live = !readSetting('live')
  changeSetting('live', live)
  if (live) void refreshAll()
}

const next = { system: 'light', light: 'dark', dark: 'system' } as const

export function nextTheme() {
  changeSetting('theme', next[readSetting('theme')])
}

function Theme() {
  const theme = readSetting('theme')
  return (
    <Button
      icon={theme === 'dark' ? 'moon' : 'sun'}
      look="quiet"
      label={`Theme: ${theme}`}
      title={`Theme: ${theme} (t)`}
      onClick={nextTheme}
    />
  )
}
