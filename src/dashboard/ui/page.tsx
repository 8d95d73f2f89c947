import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { pageTitle } from '../state/browser/title.ts'

interface PageProps {
  title: string
  /** Instead of the title, where it is more than words. */
  heading?: ComponentChildren
  busy?: boolean
  actions?: ComponentChildren
  children: ComponentChildren
}

/** Every page: one `main` with one heading. What loads says so by `aria-busy`. */
export function Page({ title, heading, busy = false, actions, children }: PageProps) {
  useEffect(() => {
    pageTitle.value = title
  }, [title])
  return (
    <main id="main" tabIndex={-1} aria-busy={busy}>
      <header class="page-head">
        <h1 tabIndex={-1}>{heading ?? title}</h1>
        {actions && <div class="buttons">{actions}</div>}
      </header>
      {children}
    </main>
  )
}
