/** Which upload a file of a page is, in the page's storage: the same file has the same name, size and time. */
export function memoryOf(base: URL, file: Blob) {
  const { name, lastModified } = file as Partial<File>
  try {
    // Only pages: Node has a storage of that name, too, and warns of it.
    const { document, localStorage: storage } = globalThis as { document?: unknown; localStorage?: Storage }
    if (!document || !storage || name === undefined) return undefined
    const key = ['darkroom-upload', base.href, name, file.size, lastModified].join(' ')
    return {
      get: () => storage.getItem(key) ?? undefined,
      set: (id: string) => attempt(() => storage.setItem(key, id)),
      forget: () => storage.removeItem(key)
    }
  } catch {
    // Pages without an origin, and browsers whose settings forbid it.
    return undefined
  }
}

/** A full storage costs the resumption after a reload, and nothing else. */
function attempt(store: () => void) {
  try {
    store()
  } catch {}
}
