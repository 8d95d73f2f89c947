const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' })

/** Names of ISO 639 in three letters become those of two, where there are any; `und` where the file says nothing. */
export function languageOf(text: string | null) {
  try {
    const [tag = 'und'] = Intl.getCanonicalLocales((text ?? 'und').trim().replaceAll('_', '-').slice(0, 24))
    return tag
  } catch {
    return 'und'
  }
}

/** "German" of `de`; undefined of `und`. */
export function nameOfLanguage(tag: string) {
  return tag === 'und' ? undefined : names.of(tag)
}
