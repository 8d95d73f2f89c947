import { signal } from '@preact/signals'

/** A value that one browser keeps. A browser without storage forgets it with the tab. */
export function kept<T>(name: string, usual: T, read: (stored: unknown) => T) {
  const value = signal(stored())
  function stored() {
    try {
      const text = localStorage.getItem(name)
      return text === null ? usual : read(JSON.parse(text))
    } catch {
      return usual
    }
  }
  // Other tabs of the browser have the same value.
  addEventListener('storage', ({ key }) => {
    if (key === name) value.value = stored()
  })
  return {
    read: () => value.value,
    change(next: T) {
      value.value = next
      try {
        localStorage.setItem(name, JSON.stringify(next))
      } catch {
        // See above.
      }
    }
  }
}
