import path from 'node:path'

export type Redact = (text: string) => string

const tokens = /\b(dr_[a-z]_[\dA-Za-z]{1,20})_[\w-]{20,}/g
const webhookSecrets = /\bwhsec_[\w+/=-]{16,}/g
const passwords = /\b([a-z][a-z\d+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi

/**
 * Takes out of what attempts say and throw what their readers must not learn: where the service keeps its files, keys,
 * passwords in URLs. Before it is written, so that backups and webhooks have none of it either.
 */
export function redactor(dataDir: string): Redact {
  const folder = path.resolve(dataDir)
  const place = new RegExp(`${RegExp.escape(folder)}(?![\\w.-])`, 'g')
  return text => {
    if (text === '') return text
    const local = folder !== '/' && text.includes(folder) ? text.replace(place, 'DATA_DIR') : text
    if (!/dr_|whsec_|:\/\//.test(local)) return local
    return local.replace(tokens, '$1_…').replace(webhookSecrets, 'whsec_…').replace(passwords, '$1:…@')
  }
}
