import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Icon, type IconName } from './icons.tsx'

interface Item {
  label: string
  act(): unknown
}

/** A button with a list of acts below it; arrows move, Escape closes and gives the focus back. */
export function Menu({ icon, label, items }: { icon: IconName; label: string; items: Item[] }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const around = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    if (!open) return
    around.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus()
    const leave = (event: Event) => !around.current?.contains(event.target as Node) && setOpen(false)
    addEventListener('pointerdown', leave)
    return () => removeEventListener('pointerdown', leave)
  }, [open])

  function close() {
    setOpen(false)
    opener.current?.focus()
  }
  function onKeyDown(event: KeyboardEvent) {
    if (!open) return
    if (event.key === 'Escape') {
      event.stopPropagation()
      close()
    }
    if (event.key === 'Tab') setOpen(false)
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const all = [...around.current!.querySelectorAll<HTMLElement>('[role=menuitem]')]
    const next = all.indexOf(document.activeElement as HTMLElement) + step
    all.at(next % all.length)?.focus()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears what its buttons do not
    <div class="menu" ref={around} onKeyDown={onKeyDown}>
      <button
        ref={opener}
        type="button"
        class="button usual"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Icon name={icon} />
        <span>{label}</span>
      </button>
      {open && (
        <div class="menu-list" role="menu" id={id} aria-label={label}>
          {items.map(({ label, act }) => (
            <button
              key={label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close()
                act()
              }}
            >
              {label}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
