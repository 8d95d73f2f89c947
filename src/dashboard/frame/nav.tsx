import { href, path } from '../state/browser/route.ts'
import { Icon } from '../ui/icons.tsx'
import { paletteOpen } from '../ui/overlays/palette.tsx'
import { mostUsed, places } from './pages.ts'

function isHere(place: string) {
  return place === '/' ? path.value === '/' : path.value === place || path.value.startsWith(`${place}/`)
}

/** At the side; at the bottom of a phone, where the rest is behind "More". */
export function Nav() {
  return (
    <nav class="nav" aria-label="Pages">
      <ul>
        {places.map(({ path, name, icon }) => (
          <li key={path} class={mostUsed.includes(path) ? undefined : 'seldom'}>
            <a href={href(path)} aria-current={isHere(path) ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{name}</span>
            </a>
          </li>
        ))}
        <li class="nav-end">
          <a href={href('/settings')} aria-current={isHere('/settings') ? 'page' : undefined}>
            <Icon name="settings" />
            <span>Settings</span>
          </a>
        </li>
        <li class="only-phone">
          <button type="button" onClick={() => paletteOpen(true)}>
            <Icon name="more" />
            <span>More</span>
          </button>
        </li>
      </ul>
    </nav>
  )
}
