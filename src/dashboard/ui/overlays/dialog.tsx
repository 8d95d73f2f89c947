import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button } from '../button.tsx'

interface DialogProps {
  title: string
  wide?: boolean
  /** A click beside it does not close it. */
  stays?: boolean
  children: ComponentChildren
  onClose(): void
}

/** The browser keeps the focus inside, closes it on Escape and gives the focus back. */
export function Dialog({ title, wide = false, stays = false, children, onClose }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null
    element.current?.showModal()
    element.current?.querySelector<HTMLElement>('input, select, textarea')?.focus()
    return () => before?.focus?.()
  }, [])

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
    <dialog
      ref={element}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onClose={onClose}
      onClick={event => !stays && event.target === element.current && element.current?.close()}
    >
      <div class="dialog-inside">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <Button icon="close" look="quiet" label="Close" onClick={() => element.current?.close()} />
        </header>
        {children}
      </div>
    </dialog>
  )
}
