import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface DrawerProps {
  label: string
  children: ComponentChildren
  onClose(): void
}

/** Beside the page, which stays usable. Escape closes it and gives the focus back to where it was. */
export function Drawer({ label, children, onClose }: DrawerProps) {
  const element = useRef<HTMLElement>(null)
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null
    const link = before?.closest('[data-id]')?.getAttribute('data-id')
    element.current?.querySelector<HTMLElement>('h2')?.focus()
    function press(event: KeyboardEvent) {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog[open]')) return
      if (document.activeElement?.closest('[data-filter]')) return
      event.preventDefault()
      close.current()
    }
    addEventListener('keydown', press)
    return () => {
      removeEventListener('keydown', press)
      // Meanwhile the row may be another element.
      const again = link && document.querySelector<HTMLElement>(`[data-id="${CSS.escape(link)}"] a`)
      ;(again || before)?.focus?.()
    }
  }, [])
  return (
    <aside ref={element} class="drawer" aria-label={label}>
      {children}
    </aside>
  )
}
