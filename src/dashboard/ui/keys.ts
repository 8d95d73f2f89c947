import { useLayoutEffect } from 'preact/hooks'
import { readSetting } from '../state/browser/settings.ts'

/** Single keys of a page. They never fire in fields or below a dialog, and can be switched off. */
export function useKeys(keys: Record<string, () => void>) {
  // Before the page is painted: a key that is pressed as soon as its button shows must not meet the keys of before.
  useLayoutEffect(() => {
    function press(event: KeyboardEvent) {
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || !readSetting('keys')) return
      const target = event.target as HTMLElement
      if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName ?? '')) return
      if (document.querySelector('dialog[open]')) return
      const act = keys[event.key]
      if (!act) return
      event.preventDefault()
      act()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  })
}
