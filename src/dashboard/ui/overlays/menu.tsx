import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Icon, type IconName } from '../icons.tsx'

export interface Item {
  label: string
  /** It can be switched on and off, and the menu stays. */
  checked?: boolean
  /** A line above it. */
  apart?: boolean
  act(): unknown
}

interface MenuProps {
  icon: IconName
  label: string
  items: Item[]
}

/** A button with a list of acts below it; arrows move, Escape closes and gives the focus back. */
export function Menu({ icon, label, items }: MenuProps) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const around = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const all = () => [...(around.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])]

  // As soon as its items are there: an arrow that is pressed then must not be taken back.
  useLayoutEffect(() => {
    if (!open) return
    all()[0]?.focus()
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
    const next = nextIndex(event.key, all().indexOf(document.activeElement as HTMLElement), all().length)
    if (next === undefined) return
    event.preventDefault()
    all()[next]?.focus()
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
          {items.map(item => (
            <MenuItem key={item.label} {...item} close={close} />
          ))}
        </div>
      )}
    </div>
  )
}

function nextIndex(key: string, at: number, count: number) {
  if (key === 'ArrowDown') return (at + 1) % count
  if (key === 'ArrowUp') return (at - 1 + count) % count
  if (key === 'Home') return 0
  return key === 'End' ? count - 1 : undefined
}

function MenuItem({ label, checked, apart, act, close }: Item & { close(): void }) {
  const stays = checked !== undefined
  return (
    <button
      type="button"
      {...(stays ? { role: 'menuitemcheckbox', 'aria-checked': checked } : { role: 'menuitem' })}
      class={apart ? 'apart' : undefined}
      tabIndex={-1}
      onClick={() => {
        if (!stays) close()
        act()
      }}
    >
      {stays && <span class="menu-check">{checked && <Icon name="check" />}</span>}
      <span class="cut-off">{label}</span>
    </button>
  )
}
